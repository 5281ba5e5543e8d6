//! One example for every type that is a body or in one, all of one small story: 张三 of unit 101 in the summer of 2027, whose first photo li.wei
//! looks at. Bodies put together of such types (pages, batches, lists) get theirs from them.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

mod bundles;
mod people;
mod persons;
mod reviewing;
mod season;
mod submissions;

/// The example of a type.
pub struct Example {
    /// The type's name among the components.
    pub name: String,
    pub value: Value,
    /// What the type itself makes of the example, to be held against it.
    #[cfg(test)]
    pub read_back: fn(&Value) -> Result<Value, serde_json::Error>,
}

/// What `T` looks like.
fn example<T: ToSchema + Serialize + DeserializeOwned>(value: Value) -> Example {
    Example {
        name: T::name().into_owned(),
        value,
        #[cfg(test)]
        read_back: |value| serde_json::to_value(serde_json::from_value::<T>(value.clone())?),
    }
}

/// Every example.
pub fn all() -> Vec<Example> {
    [people::examples(), persons::examples(), season::examples(), submissions::examples(), reviewing::examples(), bundles::examples()]
        .into_iter()
        .flatten()
        .collect()
}

/// Puts every example on its type.
pub fn put(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for example in all() {
        if let Some(schema) = schemas.get_mut(&example.name) {
            schema["example"] = example.value;
        }
    }
}

/// The example of a schema: its own, or put together of those of its parts. A plain value without an example has none, and what needs it neither.
pub fn of(schema: &Value, schemas: &Value) -> Option<Value> {
    if let Some(own) = schema.get("example") {
        return Some(own.clone());
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return of(&schemas[name], schemas);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts: Option<Vec<Value>> = parts.iter().map(|part| of(part, schemas)).collect();
        return Some(parts?.into_iter().filter_map(object).flatten().collect::<Map<_, _>>().into());
    }
    if let Some(ways) = schema["oneOf"].as_array() {
        return ways.iter().find_map(|way| of(way, schemas));
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.first().cloned();
    }
    if schema["type"] == "array" {
        return of(&schema["items"], schemas).map(|item| json!([item]));
    }
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut fields = Map::new();
    for (name, field) in schema["properties"].as_object()? {
        match of(field, schemas) {
            Some(value) => drop(fields.insert(name.clone(), value)),
            None if required.iter().any(|needed| needed == name) => return None,
            None => {}
        }
    }
    Some(fields.into())
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// The people and things of the story.
mod story {
    use serde_json::{Value, json};

    pub const SEASON: &str = "2027-summer";
    pub const UNIT: &str = "101";
    pub const SUBMISSION: &str = "0197f3c2-5a31-7cc0-b9d5-2f4f6f1a9c3e";
    pub const RENDITION: &str = "0197f3c2-6b10-7d25-a1c4-8e9f0a1b2c3d";
    pub const REVIEWER: &str = "0197e000-1111-7222-8333-444455556666";
    pub const LEAD: &str = "0197e000-7777-7888-9999-aaaabbbbcccc";
    pub const KEY: &str = "0197f3c2-7d44-7e61-9a70-1b2c3d4e5f60";
    pub const TOKEN: &str = "5b0e6a63-6a3c-4a53-9c1f-0d6f2f6f8b1a";

    pub fn reviewer() -> Value {
        json!({"id": REVIEWER, "name": "li.wei", "role": "reviewer", "school": "school", "units": [UNIT]})
    }

    /// Masked, as everywhere.
    pub fn student() -> Value {
        json!({"student_number": "25010001", "name": "张*", "id_number": "9900**********0017", "phone": "138****0000"})
    }
}
