//! Users and keys that another region sends.

use serde_json::{Value, json};

use crate::store::*;

fn changes(changes: &[Value]) -> Vec<u8> {
    json!({ "form": 1, "changes": changes }).to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_no_signature_covers_is_refused() {
    let store = Store::new().await;
    post("/?replicate", changes(&[])).to(&store).await.is(200);
    post("/?replicate", changes(&[])).without_signed_body().to(&store).await.refuses(403, "AccessDenied");
    let session = store.session("root").await;
    post("/?replicate", changes(&[])).of(session).to(&store).await.refuses(403, "AccessDenied");
}
