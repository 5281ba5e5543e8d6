//! What makes the description whole: steps over the document as JSON, each adding one thing to every operation. Nothing here knows a route.

use serde_json::{Map, Value, json};

use super::{examples, refusals, words};
use crate::{
    backend::router::{Access, routes},
    domain::access::Role,
};

/// The extension in which an operation names the codes of its own problems.
pub const CODES: &str = "x-problem-codes";

/// The document with everything that handlers do not say alone.
pub fn complete(mut document: Value) -> Value {
    refer(&mut document);
    examples::put(&mut document);
    let schemas = document["components"]["schemas"].clone();
    let mut responses = Map::new();
    for route in routes() {
        let Some(operation) = operation_of(&mut document, route.method, route.path) else { continue };
        name(operation);
        describe(operation, route.access);
        parameters(operation);
        bodies(operation, &schemas);
        refusals::put(operation, route.method, route.path, route.access, &mut responses);
    }
    document["components"]["responses"] = Value::Object(responses);
    document["tags"] = words::TAGS.iter().map(|(name, about)| json!({"name": name, "description": about})).collect();
    document
}

fn operation_of<'d>(document: &'d mut Value, method: &str, path: &str) -> Option<&'d mut Map<String, Value>> {
    document["paths"].get_mut(path)?.get_mut(method.to_lowercase())?.as_object_mut()
}

/// Parts that repeat a component word for word become references to it: what is in a page is the same thing as alone.
fn refer(document: &mut Value) {
    let known = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let known: Vec<(&String, &Value)> =
        known.iter().filter(|(_, schema)| ["properties", "allOf"].iter().any(|part| schema.get(part).is_some())).collect();
    for schema in document["components"]["schemas"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        each_part(schema, &mut |part| {
            if let Some((name, _)) = known.iter().find(|(_, schema)| *schema == part) {
                *part = json!({"$ref": format!("#/components/schemas/{name}")});
            }
        });
    }
}

/// Visits what is inside of a schema, never the schema itself.
fn each_part(schema: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    let inside: Vec<&mut Value> = match schema {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => return,
    };
    for part in inside {
        visit(part);
        each_part(part, visit);
    }
}

/// Names of handlers are told apart by their resource.
fn name(operation: &mut Map<String, Value>) {
    let resource = operation["tags"][0].as_str().unwrap_or_default().to_owned();
    let handler = operation["operationId"].as_str().unwrap_or_default().to_owned();
    operation.insert("operationId".into(), format!("{resource}_{handler}").into());
}

/// The first sentence is the summary, the rest says more; then who may ask.
fn describe(operation: &mut Map<String, Value>, access: Access) {
    let said = operation.get("summary").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
    let (summary, rest) = match said.split_once(". ") {
        Some((first, rest)) => (format!("{first}."), rest.to_owned()),
        None => (said, String::new()),
    };
    let more = operation.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
    let who = match access {
        Access::Anybody => "Anybody may ask, without signing in.".to_owned(),
        Access::SignedIn => "Whoever is signed in may ask.".to_owned(),
        Access::BeforeCodes => "Whoever is signed in may ask, also before setting up one-time codes that the role needs.".to_owned(),
        Access::Allowed(permission) => {
            let roles: Vec<String> =
                Role::ALL.into_iter().filter(|role| role.may(permission)).map(|role| format!("`{}`", role.code())).collect();
            format!("Roles that may ask, within the units in their scope: {}.", roles.join(", "))
        }
    };
    let parts: Vec<String> = [rest, more, who].into_iter().filter(|part| !part.is_empty()).collect();
    operation.insert("summary".into(), summary.into());
    operation.insert("description".into(), parts.join("\n\n").into());
}

/// What a parameter means where its route does not say, and no `null`: nothing outside of JSON can be that.
fn parameters(operation: &mut Map<String, Value>) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        not_null(&mut parameter["schema"]);
        let name = parameter["name"].as_str().unwrap_or_default();
        let Some(word) = words::PARAMETERS.iter().find(|word| word.name == name) else { continue };
        if parameter.get("description").is_none() {
            parameter["description"] = word.about.into();
        }
        if parameter.get("example").is_none() && parameter["schema"].get("$ref").is_none() {
            let written = || serde_json::from_str(word.example).unwrap_or_else(|_| word.example.into());
            parameter["example"] = if parameter["schema"]["type"] == "string" { word.example.into() } else { written() };
        }
        if let Some(pattern) = word.pattern {
            parameter["schema"]["pattern"] = pattern.into();
        }
    }
}

fn not_null(schema: &mut Value) {
    if let Some(kinds) = schema["type"].as_array() {
        let kinds: Vec<Value> = kinds.iter().filter(|kind| *kind != "null").cloned().collect();
        if let [kind] = kinds.as_slice() {
            schema["type"] = kind.clone();
        }
    } else if let Some(ways) = schema.get("oneOf").and_then(Value::as_array) {
        let ways: Vec<Value> = ways.iter().filter(|way| way["type"] != "null").cloned().collect();
        if let [way] = ways.as_slice() {
            *schema = way.clone();
        }
    } else if schema.is_null() {
        *schema = json!({});
    }
}

/// An example for every body that is text, out of the examples of types, and the version of what has one.
fn bodies(operation: &mut Map<String, Value>, schemas: &Value) {
    let answers = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    for answer in answers {
        let shown = answer["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default().to_owned();
        if shown.ends_with("/Submission") || shown.ends_with("/ReviewOutcome") {
            let about = "The version that stands, in quotes: what `If-Match` says next.";
            answer["headers"] =
                json!({"ETag": {"description": about, "schema": {"type": "string", "pattern": words::VERSION}, "example": "\"3\""}});
        }
        content(answer, schemas);
    }
    if let Some(body) = operation.get_mut("requestBody") {
        content(body, schemas);
    }
}

fn content(body: &mut Value, schemas: &Value) {
    for (media, body) in body.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten() {
        let is_json = media == "application/json" || media == "multipart/form-data";
        if !is_json && body["schema"]["type"] == "array" {
            body["schema"] = json!({"type": "string", "format": "binary"});
        }
        if is_json
            && body.get("example").is_none()
            && let Some(example) = examples::of(&body["schema"], schemas)
        {
            body["example"] = example;
        }
    }
    // Only a body that is there can be empty of content.
    if body["content"].is_null()
        && let Some(fields) = body.as_object_mut()
    {
        fields.remove("content");
    }
}
