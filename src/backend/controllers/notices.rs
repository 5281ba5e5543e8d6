//! The call list: whom a unit must call because no notice reached them. The one place where a phone leaves unmasked; reading it is audited.

use axum::{
    extract::State as Shared,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::{
    api::problem::Problem,
    backend::{
        extract::{Arguments, SignedIn},
        problems::Failure,
        sheet,
        state::State,
        store::types::CallLine,
    },
    language::{Language, text},
};

/// Whose call list is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Calling {
    pub season: String,
    pub unit: Option<String>,
}

/// The call list as CSV (UTF-8 with a mark, as spreadsheets want it), in the language of `Accept-Language`.
///
/// Whom no notice reached. The one answer with unmasked names and phones, for the unit that must call them; reading it is audited.
#[utoipa::path(get, path = "/v1/notices/calls", security(("token" = [])), params(Calling),
    responses((status = 200, content_type = "text/csv", body = String,
        example = "\u{feff}办学单位,学号,姓名,手机,通知,原因,自何时\n101,25010001,张三,13800000000,照片未通过,表情不自然,2027-05-01T08:00:00Z\n"), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub async fn calls(
    Shared(state): Shared<State>,
    signed_in: SignedIn,
    Arguments(calling): Arguments<Calling>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let lines = state.store.calls(&signed_in.principal(), &calling.season, calling.unit.as_deref(), state.clock.now()).await?;
    let table = table(&lines, super::system::language_of(&headers)).map_err(|error| Failure::internal(&error))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok((headers, table).into_response())
}

fn table(lines: &[CallLine], language: Language) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let columns = ["unit", "student_number", "name", "phone", "kind", "reasons", "since"];
    writer.write_record(columns.map(|column| text(language, &format!("notice.column.{column}"), &[])))?;
    for line in lines {
        let reasons = line.reasons.iter().map(|reason| text(language, &format!("reason.{}.short", reason.code()), &[])).collect::<Vec<_>>();
        let cells = [
            line.unit.clone(),
            line.student_number.clone(),
            line.name.clone().unwrap_or_default(),
            line.phone.clone().unwrap_or_default(),
            text(language, &format!("notice.{}.title", line.kind.code()), &[]),
            reasons.join("; "),
            line.since.to_string(),
        ];
        writer.write_record(cells.map(|cell| sheet::defused(&cell).into_owned()))?;
    }
    writer.flush()?;
    writer.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{api::submission::NoticeKind, domain::reason::Reason};

    #[test]
    fn no_cell_is_a_formula() {
        let line = CallLine {
            unit: "=cmd|' /C calc'!A0".into(),
            student_number: "@1".into(),
            name: Some("-张三".into()),
            phone: Some("+8613812345678".into()),
            kind: NoticeKind::Rejected,
            reasons: vec![Reason::Blur],
            since: Timestamp::UNIX_EPOCH,
        };
        let table = String::from_utf8(table(&[line], Language::English).unwrap()).unwrap();
        let row = table.lines().nth(1).unwrap();
        assert!(row.starts_with("'=cmd|' /C calc'!A0,'@1,'-张三,'+8613812345678,"), "{row}");
    }

    #[test]
    fn every_heading_has_its_text() {
        for column in ["unit", "student_number", "name", "phone", "kind", "reasons", "since"] {
            let key = format!("notice.column.{column}");
            assert!(Language::ALL.iter().all(|language| crate::language::has_text(*language, &key)), "{key}");
        }
    }
}
