//! The description as a page for people: whole in itself, so that it can be read where there is no network but the school's. Everything to read is in
//! the HTML; the script only searches and unfolds. The words around it are in both languages, what the document says is English.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{complete::CODES, document, words};
use crate::language::{Language, text};

const STYLE: &str = include_str!("../../../assets/docs/page.css");
const SCRIPT: &str = include_str!("../../../assets/docs/page.js");

/// The page.
#[must_use]
pub fn page(language: Language) -> &'static str {
    static CHINESE: LazyLock<String> = LazyLock::new(|| write(document(), Language::Chinese));
    static ENGLISH: LazyLock<String> = LazyLock::new(|| write(document(), Language::English));
    match language {
        Language::Chinese => &CHINESE,
        Language::English => &ENGLISH,
    }
}

/// What the page's browser may load and run: its own style and script, by their hashes, and nothing else.
#[must_use]
pub fn policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(STYLE),
            hash(SCRIPT)
        )
    });
    &POLICY
}

/// One page being written.
struct Writer<'d> {
    document: &'d Value,
    language: Language,
}

fn write(document: &Value, language: Language) -> String {
    let writer = Writer { document, language };
    let say = |key: &str| writer.say(key);
    let about = writer.prose(document["info"]["description"].as_str().unwrap_or_default());
    let version = escape(document["info"]["version"].as_str().unwrap_or_default());
    let sections: String = words::TAGS.iter().map(|(tag, about)| writer.section(tag, about)).collect();
    let schemas: String = document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, schema)| {
            format!("<details id=\"{}\"><summary><code>{0}</code></summary>{}</details>", escape(name), writer.shape(schema))
        })
        .collect();
    format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1><p class=\"about\">{version} · \
         <a href=\"/docs?language=zh-CN\" lang=\"zh-CN\">中文</a> · <a href=\"/docs?language=en\" lang=\"en\">English</a> · \
         <a href=\"/openapi.json\">openapi.json</a></p>{about}\
         <div class=\"bar\"><input id=\"search\" type=\"search\" placeholder=\"{search}\" aria-label=\"{search}\"><span id=\"count\"></span>\
         <button id=\"all\" type=\"button\">{unfold}</button></div>{sections}\
         <section><h2>{types}</h2>{schemas}</section><script>{SCRIPT}</script></body></html>\n",
        tag = language.tag(),
        title = say("title"),
        search = say("search"),
        unfold = say("unfold"),
        types = say("types"),
    )
}

impl Writer<'_> {
    fn say(&self, key: &str) -> String {
        escape(&text(self.language, &format!("page.docs.{key}"), &[]))
    }

    fn section(&self, tag: &str, about: &str) -> String {
        let mut operations = String::new();
        for (path, methods) in self.document["paths"].as_object().into_iter().flatten() {
            for (method, said) in methods.as_object().into_iter().flatten().filter(|(_, said)| said["tags"][0] == tag) {
                operations += &self.operation(method, path, said);
            }
        }
        format!("<section><h2>{}</h2><p class=\"about\">{}</p>{operations}</section>", escape(tag), escape(about))
    }

    fn operation(&self, method: &str, path: &str, said: &Value) -> String {
        let word = |part: &str| said[part].as_str().unwrap_or_default();
        let mut inside = self.prose(word("description"));
        inside += &self.parameters(said);
        if let Some(body) = said.get("requestBody") {
            inside += &format!("<h3>{}</h3>{}", self.say("request"), self.contents(body));
        }
        inside += &format!("<h3>{}</h3>", self.say("answers"));
        for (status, answer) in said["responses"].as_object().into_iter().flatten() {
            inside += &self.answer(status, answer, said);
        }
        format!(
            "<details id=\"{}\"><summary><span class=\"method\">{}</span> <span class=\"path\">{}</span>{}</summary>{inside}</details>",
            escape(word("operationId")),
            escape(&method.to_uppercase()),
            escape(path),
            inline(word("summary")),
        )
    }

    fn parameters(&self, said: &Value) -> String {
        let rows: String = said["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| {
                let word = |part: &str| parameter[part].as_str().unwrap_or_default();
                let need = if parameter["required"] == true {
                    format!(" <span class=\"need\">{}</span>", self.say("needed"))
                } else {
                    String::new()
                };
                let example = match &parameter["example"] {
                    Value::Null => String::new(),
                    Value::String(example) => format!("<code>{}</code>", escape(example)),
                    other => format!("<code>{}</code>", escape(&other.to_string())),
                };
                format!(
                    "<tr><td><code>{}</code>{need}<td>{}<td>{}<td>{}<td>{example}",
                    escape(word("name")),
                    escape(word("in")),
                    kind(&parameter["schema"]),
                    inline(word("description"))
                )
            })
            .collect();
        if rows.is_empty() { rows } else { format!("<h3>{}</h3><div class=\"scroll\"><table>{rows}</table></div>", self.say("parameters")) }
    }

    fn answer(&self, status: &str, answer: &Value, said: &Value) -> String {
        let shared = answer["$ref"].as_str().and_then(|path| self.document.pointer(path.trim_start_matches('#')));
        let Some(problem) = shared else {
            return format!("<p><span class=\"good\">{}</span></p>{}", escape(status), self.contents(answer));
        };
        let schema = &problem["content"]["application/problem+json"]["schema"];
        let own = |code: &&Value| said[CODES].as_array().is_some_and(|codes| codes.contains(code));
        let codes = schema["allOf"][1]["properties"]["code"]["enum"].as_array().into_iter().flatten().filter(own);
        let rows: String = codes
            .filter_map(Value::as_str)
            .map(|code| {
                format!(
                    "<tr><td><code>{}</code><td>{}",
                    escape(code),
                    escape(&text(self.language, &format!("problem.{code}"), &[]).replace("%{", "{"))
                )
            })
            .collect();
        format!("<p><span class=\"bad\">{}</span></p><div class=\"scroll\"><table>{rows}</table></div>", escape(status))
    }

    fn contents(&self, body: &Value) -> String {
        let each = |(media, body): (&String, &Value)| {
            let example = match body.get("example") {
                Some(Value::String(example)) => format!("<pre>{}</pre>", escape(example)),
                Some(example) => format!("<pre>{}</pre>", escape(&serde_json::to_string_pretty(example).unwrap_or_default())),
                None => String::new(),
            };
            format!("<p><code>{}</code> {}</p>{example}", escape(media), kind(&body["schema"]))
        };
        body["content"].as_object().into_iter().flatten().map(each).collect()
    }

    /// What a type is made of.
    fn shape(&self, schema: &Value) -> String {
        let about = self.prose(schema["description"].as_str().unwrap_or_default());
        let parts: Vec<&Value> = match schema["allOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            Some(parts) => parts.iter().collect(),
            None => vec![schema],
        };
        let part = |part: &Value| {
            let fields = part["properties"].as_object().into_iter().flatten();
            let needed = |name: &str| part["required"].as_array().is_some_and(|needed| needed.iter().any(|needed| needed == name));
            let rows: String = fields
                .map(|(name, field)| {
                    let need = if needed(name) { format!(" <span class=\"need\">{}</span>", self.say("needed")) } else { String::new() };
                    let about = inline(field["description"].as_str().unwrap_or_default());
                    format!("<tr><td><code>{}</code>{need}<td>{}<td>{about}", escape(name), kind(field))
                })
                .collect();
            if rows.is_empty() { format!("<p>{}</p>", kind(part)) } else { format!("<div class=\"scroll\"><table>{rows}</table></div>") }
        };
        about + &parts.into_iter().map(part).collect::<String>()
    }

    fn prose(&self, text: &str) -> String {
        text.split("\n\n").filter(|paragraph| !paragraph.is_empty()).map(|paragraph| format!("<p>{}</p>", inline(paragraph))).collect()
    }
}

/// A schema in a few words, types that have a name as links.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#{0}\">{0}</a>", escape(name));
    }
    for word in ["oneOf", "allOf"] {
        if let Some(ways) = schema[word].as_array() {
            let ways: Vec<String> = ways.iter().map(kind).collect();
            return ways.join(if word == "oneOf" { " | " } else { " + " });
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(|value| format!("<code>{}</code>", escape(&value.to_string()))).collect();
        return values.join(" | ");
    }
    let mut kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        kind => kind.as_str().unwrap_or_default().to_owned(),
    };
    if let Some(format) = schema["format"].as_str() {
        kind += &format!(" ({format})");
    }
    let kind = escape(&kind);
    if schema["items"].is_object() { format!("{kind}: {}", self::kind(&schema["items"])) } else { kind }
}

/// Text with its `code` as code.
fn inline(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::router::routes, language::has_text};

    #[test]
    fn the_page_lists_every_route_and_every_type_in_both_languages() {
        for language in Language::ALL {
            let page = page(language);
            assert!(page.contains(&format!("<html lang=\"{}\">", language.tag())));
            for route in routes() {
                let row = format!("<span class=\"method\">{}</span> <span class=\"path\">{}</span>", route.method, route.path);
                assert_eq!(page.matches(&row).count(), 1, "{} {}", route.method, route.path);
            }
            for name in document()["components"]["schemas"].as_object().unwrap().keys() {
                assert!(page.contains(&format!("<details id=\"{name}\">")), "{name}");
            }
        }
        for key in ["title", "search", "unfold", "types", "request", "answers", "parameters", "needed"] {
            assert!(Language::ALL.iter().all(|language| has_text(*language, &format!("page.docs.{key}"))), "{key}");
        }
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_may_load_nothing() {
        for language in Language::ALL {
            let page = page(language);
            for from_elsewhere in ["http:", "https:", "//cdn", "src=", "<link", "@import", "url(", "<iframe", "fetch(", "XMLHttpRequest"] {
                assert!(!page.contains(from_elsewhere), "the page has {from_elsewhere}");
            }
            assert_eq!(
                (page.matches("<script>").count(), page.matches("<style>").count()),
                (1, 1),
                "all that runs has a hash in the policy"
            );
            for attribute in [" style=", " onclick=", " onload=", "javascript:"] {
                assert!(!page.contains(attribute), "the policy would forbid{attribute}");
            }
        }
        assert!(policy().starts_with("default-src 'none'; ") && !policy().contains("unsafe"));
    }

    #[test]
    fn what_is_said_is_text_and_never_markup() {
        assert_eq!(inline("a `<b>` & \"c\""), "a <code>&lt;b&gt;</code> &amp; &quot;c&quot;");
        let said = serde_json::json!({"type": "array", "items": {"$ref": "#/components/schemas/A"}});
        assert_eq!(kind(&said), "array: <a href=\"#A\">A</a>");
    }

    #[test]
    fn every_link_within_the_page_leads_somewhere() {
        let page = page(Language::English);
        for target in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(page.contains(&format!("id=\"{target}\"")), "#{target} leads nowhere");
        }
    }
}
