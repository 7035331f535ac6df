// The AWS SDK for JavaScript, told what to do by lines of JSON, one call each; answers with a line of JSON.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(process.argv[2]);
const {
  ApiGatewayManagementApiClient, DeleteConnectionCommand, GetConnectionCommand, PostToConnectionCommand,
} = require("@aws-sdk/client-apigatewaymanagementapi");
const COMMANDS = { post: PostToConnectionCommand, get: GetConnectionCommand, delete: DeleteConnectionCommand };

for await (const line of createInterface({ input: process.stdin })) {
  const { endpoint, accessKeyId, secretAccessKey, operation, id, data } = JSON.parse(line);
  const credentials = { accessKeyId, secretAccessKey };
  const client = new ApiGatewayManagementApiClient({ endpoint, credentials, region: "us-east-1", maxAttempts: 1 });
  const asked = { ConnectionId: id, ...(operation === "post" ? { Data: Buffer.from(data) } : {}) };
  let answer;
  try {
    const { $metadata, ...said } = await client.send(new COMMANDS[operation](asked));
    answer = { status: $metadata.httpStatusCode, error: "", said };
  } catch (error) {
    answer = { status: error.$metadata?.httpStatusCode ?? 0, error: error.name, said: { message: error.message } };
  }
  console.log(JSON.stringify(answer));
}
