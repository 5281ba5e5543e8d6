//! Whether a value is what a schema of the API's document says: the part of JSON Schema that the document uses. A word that is not understood is a
//! fault of its own, so that nothing passes unread.

use serde_json::Value;

/// What is wrong with `value`, each with its place; empty where nothing is.
pub fn faults(value: &Value, schema: &Value, document: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(value, schema, document, "$", &mut faults);
    faults
}

fn check(value: &Value, schema: &Value, document: &Value, place: &str, faults: &mut Vec<String>) {
    for (word, says) in schema.as_object().into_iter().flatten() {
        let holds = match word.as_str() {
            "$ref" => {
                let target = says.as_str().and_then(|path| document.pointer(path.trim_start_matches('#')));
                target.is_some_and(|target| {
                    check(value, target, document, place, faults);
                    true
                })
            }
            "allOf" => {
                says.as_array().into_iter().flatten().for_each(|part| check(value, part, document, place, faults));
                true
            }
            "oneOf" => {
                let fits = says.as_array().into_iter().flatten().filter(|way| self::faults(value, way, document).is_empty()).count();
                fits == 1
            }
            "type" => match says {
                Value::Array(kinds) => kinds.iter().any(|kind| is(value, kind)),
                kind => is(value, kind),
            },
            "enum" => says.as_array().is_some_and(|values| values.contains(value)),
            "const" => says == value,
            "minimum" => value.as_f64().is_none_or(|value| says.as_f64().is_some_and(|least| value >= least)),
            "maximum" => value.as_f64().is_none_or(|value| says.as_f64().is_some_and(|most| value <= most)),
            "minItems" => value.as_array().is_none_or(|items| says.as_u64().is_some_and(|least| items.len() as u64 >= least)),
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                items.for_each(|(index, item)| check(item, says, document, &format!("{place}[{index}]"), faults));
                true
            }
            "required" => {
                let absent = |name: &Value| value.is_object() && name.as_str().is_none_or(|name| value.get(name).is_none());
                !says.as_array().into_iter().flatten().any(absent)
            }
            "properties" => {
                for (name, schema) in says.as_object().into_iter().flatten() {
                    if let Some(field) = value.get(name) {
                        check(field, schema, document, &format!("{place}.{name}"), faults);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object();
                for (name, field) in value.as_object().into_iter().flatten() {
                    if !known.is_some_and(|known| known.contains_key(name)) {
                        check(field, says, document, &format!("{place}.{name}"), faults);
                    }
                }
                true
            }
            "format" => value.as_str().is_none_or(|text| has_format(text, says.as_str().unwrap_or_default())),
            "description" | "example" | "default" | "propertyNames" => true,
            _ => false,
        };
        if !holds {
            faults.push(format!("{place}: not {word} {says}"));
        }
    }
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_i64() || value.is_u64(),
        _ => false,
    }
}

fn has_format(text: &str, format: &str) -> bool {
    match format {
        "uuid" => uuid::Uuid::parse_str(text).is_ok(),
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "date" => text.parse::<jiff::civil::Date>().is_ok(),
        "binary" => true,
        _ => false,
    }
}
