//! The description is whole, true to the router, and true to itself. A test that fails names the operation and what it lacks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{complete::CODES, document, examples, refusals, words};
use crate::{
    api::problem::code,
    backend::router::{Access, routes},
    language::{Language, has_text},
};

#[path = "../../../tests/support/schema.rs"]
mod schema;

/// Every operation: how it is called, and what the document says of it.
fn operations() -> Vec<(String, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    let each = |(path, methods): (&String, &'static Value)| {
        methods.as_object().unwrap().iter().map(|(method, said)| (format!("{} {path}", method.to_uppercase()), said)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(each).collect()
}

fn resolved(said: &'static Value) -> &'static Value {
    said["$ref"].as_str().map_or(said, |path| document().pointer(path.trim_start_matches('#')).expect("a reference leads somewhere"))
}

/// The bodies of an operation: where, of which media type, and what is said of them.
fn bodies(operation: &'static Value) -> Vec<(String, &'static str, &'static Value)> {
    let answers = operation["responses"].as_object().unwrap().iter().map(|(status, answer)| (format!("answer {status}"), resolved(answer)));
    let all = answers.chain(operation.get("requestBody").map(|body| ("request".to_owned(), body)));
    all.flat_map(|(place, body)| {
        let content = body["content"].as_object().into_iter().flatten();
        content.map(|(media, body)| (place.clone(), media.as_str(), body)).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let described: BTreeSet<String> = operations().into_iter().map(|(name, _)| name).collect();
    let served: BTreeSet<String> = routes().into_iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, served, "a route of the router that is not under `paths` in document.rs, or the reverse");
}

#[test]
fn what_needs_a_token_says_so() {
    for route in routes() {
        let operation = &document()["paths"][route.path][route.method.to_lowercase()];
        assert_eq!(operation["security"].is_array(), route.access != Access::Anybody, "{} {}", route.method, route.path);
    }
    assert_eq!(document()["components"]["securitySchemes"]["token"]["scheme"], "bearer");
}

#[test]
fn every_operation_says_what_it_is_about() {
    let mut names = BTreeMap::new();
    for (name, said) in operations() {
        let text = |part: &str| said[part].as_str().unwrap_or_default().to_owned();
        assert!(text("summary").ends_with('.'), "{name} has no summary: the first sentence of its handler's documentation");
        assert!(text("summary").len() <= 160, "{name} has a long summary: end its first sentence earlier");
        assert!(text("description").len() > 40, "{name} has no description: the second paragraph of its handler's documentation");
        let tag = said["tags"][0].as_str().unwrap_or_default();
        assert!(words::TAGS.iter().any(|(known, _)| *known == tag), "{name} belongs to {tag:?}, which words.rs does not describe");
        if let Some(other) = names.insert(text("operationId"), name.clone()) {
            panic!("{name} has the operationId of {other}");
        }
    }
}

#[test]
fn every_parameter_says_what_it_means_and_stands_where_it_is_read() {
    for (name, said) in operations() {
        for parameter in said["parameters"].as_array().into_iter().flatten() {
            let called = parameter["name"].as_str().unwrap();
            let (place, in_path) = (parameter["in"].as_str().unwrap(), name.contains(&format!("{{{called}}}")));
            assert_eq!(place == "path", in_path, "{name}: {called} is said to be in {place}; IntoParams needs `parameter_in = Query`");
            let plain = parameter["schema"].get("$ref").is_none();
            assert!(parameter["description"].is_string(), "{name}: {called} is explained nowhere; words.rs may do it");
            assert!(!plain || !parameter["example"].is_null(), "{name}: {called} has no example; words.rs may give it");
            let faults =
                parameter.get("example").map(|example| schema::faults(example, &without_pattern(&parameter["schema"]), document()));
            assert_eq!(faults.unwrap_or_default(), Vec::<String>::new(), "{name}: {called}");
        }
    }
}

fn without_pattern(schema: &Value) -> Value {
    let mut schema = schema.clone();
    schema.as_object_mut().unwrap().remove("pattern");
    schema
}

#[test]
fn every_operation_names_the_problems_it_can_answer() {
    for (name, said) in operations() {
        let codes: Vec<&str> = said[CODES].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
        for code in &codes {
            let status = refusals::status(code).unwrap_or_else(|| panic!("{name} names {code}, which has no status in refusals.rs"));
            assert!(said["responses"].get(status.to_string()).is_some(), "{name} has no answer {status} for {code}");
        }
        assert!(said["responses"].get("default").is_none(), "{name} still has a default answer");
        if name.contains(" /v1/") {
            assert!(codes.contains(&code::INTERNAL) && codes.contains(&code::BUSY), "{name} cannot fail?");
            let told = said["responses"].as_object().unwrap().keys().filter(|status| status.starts_with('2')).count();
            assert!(told > 0, "{name} never succeeds");
        }
    }
}

#[test]
fn every_code_of_the_api_has_a_status_and_a_text() {
    // What a client says when no answer came, or none that makes sense.
    let of_clients = [code::UNREACHABLE, code::NONSENSE];
    for code in code::ALL.into_iter().filter(|code| !of_clients.contains(code)) {
        assert!(refusals::status(code).is_some(), "{code} has no status in refusals.rs");
    }
    for (name, said) in operations() {
        for code in said[CODES].as_array().unwrap() {
            let key = format!("problem.{}", code.as_str().unwrap());
            assert!(Language::ALL.iter().all(|language| has_text(*language, &key)), "{name}: no text for {key}");
        }
    }
}

#[test]
fn every_body_that_is_text_has_an_example_of_its_schema() {
    for (name, said) in operations() {
        for (place, media, body) in bodies(said) {
            let text = media.starts_with("text/") || media.ends_with("json") || media == "multipart/form-data";
            let Some(example) = body.get("example") else {
                assert!(!text, "{name}, {place}, {media} has no example: give its type one in document/examples");
                continue;
            };
            assert_eq!(schema::faults(example, &body["schema"], document()), Vec::<String>::new(), "{name}, {place}, {media}");
        }
    }
}

#[test]
fn every_example_is_what_its_type_reads_and_writes() {
    for example in examples::all() {
        assert!(document()["components"]["schemas"].get(&example.name).is_some(), "{} is in no body", example.name);
        let read =
            (example.read_back)(&example.value).unwrap_or_else(|error| panic!("{} does not read its example: {error}", example.name));
        assert_eq!(read, example.value, "{} makes something else of its example", example.name);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value) {
        if let Some(path) = value["$ref"].as_str() {
            assert!(document().pointer(path.trim_start_matches('#')).is_some(), "{path} leads nowhere");
        }
        match value {
            Value::Object(fields) => fields.values().for_each(walk),
            Value::Array(items) => items.iter().for_each(walk),
            _ => {}
        }
    }
    walk(document());
}

#[test]
fn what_is_not_of_a_schema_is_told() {
    let document = json!({"components": {"schemas": {"Name": {"type": "string"}}}});
    let schema = json!({
        "type": "object", "required": ["id"], "properties": {
            "id": {"type": "string", "format": "uuid"},
            "names": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Name"}},
            "kind": {"oneOf": [{"type": "null"}, {"enum": ["a", "b"]}]},
        },
    });
    let good = json!({"id": "0197f3c2-5a31-7cc0-b9d5-2f4f6f1a9c3e", "names": ["x"], "kind": "a"});
    assert_eq!(schema::faults(&good, &schema, &document), Vec::<String>::new());
    for (bad, place) in [
        (json!([]), "$"),
        (json!({}), "$"),
        (json!({"id": "4711"}), "$.id"),
        (json!({"id": good["id"], "names": [1]}), "$.names[0]"),
        (json!({"id": good["id"], "names": []}), "$.names"),
        (json!({"id": good["id"], "kind": "c"}), "$.kind"),
    ] {
        let faults = schema::faults(&bad, &schema, &document);
        assert!(faults.iter().any(|fault| fault.starts_with(&format!("{place}: "))), "{bad}: {faults:?}");
    }
    assert!(!schema::faults(&good, &json!({"unheard_of": 1}), &document).is_empty());
}
