// Starts Swagger UI. https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/
window.SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  tryItOutEnabled: true,
  // Swagger UI would ask a server on the internet whether the description is valid.
  validatorUrl: null,
});
