//! The contract of events, compiled into the program: a JSON Schema of each type, and an AsyncAPI document of all.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use events::Fact;
use serde_json::{Map, Value, json};

use super::routes::{answer, refuse};

/// Where the types of events are listed.
pub(super) const INDEX_PATH: &str = "/schemas/";

/// Where each document is.
pub(super) const DOCUMENT_PATH: &str = "/schemas/{file}";

/// The documents by the names of their files. They never change while the program runs.
static DOCUMENTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let documents = events::schema::documents().into_iter();
    documents.map(|document| (document.file_name, document.text)).collect()
});

/// Lists the types of events, with the place of the schema of each.
pub(super) async fn index() -> Response {
    let types: Map<String, Value> = Fact::KINDS
        .iter()
        .map(|kind| (kind.event_type.to_owned(), format!("{INDEX_PATH}{}.json", kind.name()).into()))
        .collect();
    answer(StatusCode::OK, &json!({ "asyncapi": format!("{INDEX_PATH}asyncapi.json"), "types": types }))
}

/// A document.
pub(super) async fn document(Path(file): Path<String>) -> Response {
    match DOCUMENTS.get(&file) {
        Some(text) => ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "there is no such schema: /schemas/ lists them"),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn read(response: Response) -> (StatusCode, Value) {
        let (parts, body) = response.into_parts();
        (parts.status, serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap())
    }

    #[tokio::test]
    async fn every_place_that_is_listed_has_its_document() {
        let (status, index) = read(index().await).await;
        assert_eq!((status, index["types"].as_object().unwrap().len()), (StatusCode::OK, Fact::KINDS.len()));
        for (event_type, place) in index["types"].as_object().unwrap() {
            let file = place.as_str().unwrap().strip_prefix(INDEX_PATH).unwrap().to_owned();
            let (status, schema) = read(document(Path(file)).await).await;
            assert_eq!((status, schema["properties"]["type"]["const"].as_str()), (StatusCode::OK, Some(&**event_type)));
        }
        assert_eq!(read(document(Path("asyncapi.json".into())).await).await.1["asyncapi"], "3.0.0");
        assert_eq!(read(document(Path("no.such.v1.json".into())).await).await.0, StatusCode::NOT_FOUND);
    }
}
