//! A proxy that runs in the test's own process.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

use chatham::config::proxy::ProxyRequest;
use chatham::config::{Configuration, Request};
use chatham::proxy::Running;
use otr_store::Store;

/// Begins with this configuration, in a folder of its own.
pub async fn start(text: String) -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let configuration = Configuration::parse("c", text).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let request = ProxyRequest {
        common: Request {
            data: Some(folder.path().join("data")),
            ..Request::default()
        },
        ..ProxyRequest::default()
    };
    let plan = request
        .over(&configuration)
        .unwrap_or_else(|faults| panic!("{faults:#?}"));
    let store = Store::open(&plan.data).unwrap();
    let running = Running::start(&plan, store, &mut |_| Ok(())).await.unwrap();
    (running, folder)
}
