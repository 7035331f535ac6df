"""A synthesised template, read as if it had been deployed: every reference replaced by a made-up value."""

import re
from dataclasses import dataclass
from typing import Any

from functions.manifest import FUNCTIONS, PAGES, TOPICS, needs_of
from functions.runtime.settings import Settings

JsonObject = dict[str, Any]

NAMES = {row.handler: row.name for row in (*FUNCTIONS, TOPICS, PAGES)}
CLUSTER = "arn:aws:kafka:us-east-1:111122223333:cluster/rooms/0a1b-2"
BROKERS = "b-1.rooms.example:9098,b-2.rooms.example:9098"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "111122223333",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/rooms/0a1b2c3d",
}
# What refers to a resource of another kind is `<LogicalId>`.
REFERENCES = {"AWS::Lambda::Alias": "arn:aws:lambda:us-east-1:111122223333:function:<{}>:live"}
ATTRIBUTES = {
    ("AWS::MSK::Cluster", "Arn"): CLUSTER,
    ("AWS::MSK::ServerlessCluster", "Arn"): CLUSTER,
    ("Custom::AWS", "BootstrapBrokerStringSaslIam"): BROKERS,
    ("AWS::ElastiCache::ServerlessCache", "Endpoint.Address"): "rooms.cache.example",
    ("AWS::ElastiCache::ServerlessCache", "Endpoint.Port"): "6379",
}


@dataclass(frozen=True)
class Cloud:
    """`template` is CloudFormation's JSON."""

    template: JsonObject

    def all(self, kind: str) -> dict[str, JsonObject]:
        """The properties of every resource of a type, by logical id."""
        resources = self.template["Resources"].items()
        return {id: self.filled(one.get("Properties", {})) for id, one in resources if one["Type"] == kind}

    def only(self, kind: str) -> JsonObject:
        """The properties of the one resource of a type; fails when there are several or none."""
        (properties,) = self.all(kind).values()
        return properties

    def only_gateway_endpoint(self) -> JsonObject:
        """The properties of the one endpoint that is a route."""
        every = self.all("AWS::EC2::VPCEndpoint").values()
        (endpoint,) = (one for one in every if one.get("VpcEndpointType", "Gateway") == "Gateway")
        return endpoint

    def depends_on(self, id: str) -> list[str]:
        """What a resource waits for, beyond what it refers to."""
        return list(self.template["Resources"][id].get("DependsOn", []))

    def functions(self) -> dict[str, JsonObject]:
        """The properties of our functions by name, `relay-0` where there are slices."""
        every = self.all("AWS::Lambda::Function").values()
        return {_name(one): one for one in every if one["Handler"].startswith("functions.")}

    def settings(self, name: str) -> Settings:
        """What the function of that name reads from its environment."""
        needs = needs_of(name.partition("-")[0])
        return Settings.from_environment(self.functions()[name]["Environment"]["Variables"], needs)

    def token_secret(self) -> str:
        """The logical id of the secret of the token keys."""
        (id,) = self.all("AWS::SecretsManager::Secret")
        return id

    def archive_failures(self) -> str:
        """The logical id of the archive's own failure queue."""
        (id,) = (id for id in self.all("AWS::SQS::Queue") if id.startswith("Archive"))
        return id

    def relay_failures(self) -> str:
        """The logical id of the queue of the relays' batches that were given up."""
        (id,) = (id for id in self.all("AWS::SQS::Queue") if id.startswith("Mappings"))
        return id

    def api(self, protocol: str) -> str:
        """The logical id of the one API that speaks WEBSOCKET, or HTTP."""
        apis = self.all("AWS::ApiGatewayV2::Api").items()
        (id,) = (id for id, one in apis if one["ProtocolType"] == protocol)
        return id

    def handler_behind(self, route: JsonObject) -> str:
        """The handler of the function that a route hands its events to, as an AWS_PROXY integration."""
        integration = self.all("AWS::ApiGatewayV2::Integration")[id_in(route["Target"])]
        assert integration["IntegrationType"] == "AWS_PROXY"
        return self.handler(integration["IntegrationUri"])

    def handler(self, reference: str) -> str:
        """The handler of the function that a filled-in value refers to, by its alias."""
        version = self.all("AWS::Lambda::Version")[id_in(self.alias(reference)["FunctionVersion"])]
        handler: str = self.all("AWS::Lambda::Function")[id_in(version["FunctionName"])]["Handler"]
        return handler

    def alias(self, reference: str) -> JsonObject:
        """The properties of the alias that a filled-in value refers to; fails when it is no alias."""
        return self.all("AWS::Lambda::Alias")[id_in(reference)]

    def statements(self, function: str) -> list[tuple[str, str]]:
        """All that the own policy of a function's role allows, as pairs of action and resource."""
        role = id_in(self.functions()[function]["Role"])
        pairs = []
        for policy in self.all("AWS::IAM::Policy").values():
            if f"<{role}>" in policy["Roles"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    assert statement["Effect"] == "Allow"
                    actions, resources = _listed(statement["Action"]), _listed(statement["Resource"])
                    pairs += [(action, resource) for action in actions for resource in resources]
        return pairs

    def roles(self) -> dict[str, list[JsonObject]]:
        """All statements that a role has been given, by its logical id: its own, and those of policies."""
        found: dict[str, list[JsonObject]] = {}
        for id, role in self.all("AWS::IAM::Role").items():
            documents = [one["PolicyDocument"] for one in role.get("Policies", [])]
            documents += [
                one["PolicyDocument"] for one in self.all("AWS::IAM::Policy").values() if f"<{id}>" in one["Roles"]
            ]
            found[id] = [statement for document in documents for statement in document["Statement"]]
        return found

    def filled(self, value: Any) -> Any:
        """`value` with its references worked out; one without a made-up value is `<LogicalId>`."""
        match value:
            case {"Ref": name}:
                kind = self.template["Resources"].get(name, {}).get("Type")
                return PSEUDO.get(name) or REFERENCES.get(kind, "<{}>").format(name)
            case {"Fn::GetAtt": [id, attribute]}:
                kind = self.template["Resources"][id]["Type"]
                return ATTRIBUTES.get((kind, attribute), f"<{id}.{attribute}>")
            case {"Fn::Join": [separator, parts]}:
                return separator.join(str(self.filled(part)) for part in parts)
            case {"Fn::Split": [separator, text]}:
                return self.filled(text).split(separator)
            case {"Fn::Cidr": [block, count, _]}:
                return [f"{self.filled(block)}/{number}" for number in range(count)]
            case {"Fn::Select": [index, parts]}:
                return self.filled(parts)[int(index)]
            case {"Fn::GetAZs": _}:
                return ["us-east-1a", "us-east-1b", "us-east-1c"]
            case dict():
                return {key: self.filled(one) for key, one in value.items()}
            case list():
                return [self.filled(one) for one in value]
        return value


def id_in(reference: str) -> str:
    """The one logical id in a filled-in value: `integrations/<Id>`, `arn:…:<Id.Arn>/invocations`."""
    (id,) = re.findall(r"<(\w+)(?:\.\w+)?>", reference)
    return str(id)


def _name(function: JsonObject) -> str:
    name = NAMES[function["Handler"]]
    slice = function.get("Environment", {}).get("Variables", {}).get("SLICE")
    return name if slice is None else f"{name}-{slice}"


def _listed(one: Any) -> list[Any]:
    return one if isinstance(one, list) else [one]
