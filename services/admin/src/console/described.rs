//! The routes of the console that are no operations of the admin API, as its `OpenAPI` document describes them.

use policy::Action;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::nodes::REQUEST_HEADER;
use super::scrubs::{SCRUBS_CHANGE_PATH, SCRUBS_PATH, ScrubList};
use super::status::{STATUS_PATH, Status};
use super::workers::{Changed, WORKER_PATH, WORKERS_PATH, WorkerList};

/// A route.
pub(crate) struct Described {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) action: Action,
    /// The document that goes out with success.
    pub(crate) gives: fn(&mut SchemaGenerator) -> Schema,
    /// What it knows in its query: the name, the type of its schema, and what it is for.
    pub(crate) query: &'static [(&'static str, &'static str, &'static str)],
}

impl Described {
    /// The header that a request needs, if it changes something.
    pub(crate) fn header(&self) -> Option<&'static str> {
        (self.method != "get").then_some(REQUEST_HEADER)
    }
}

fn shape<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Every such route that answers with a document.
pub(crate) fn described() -> [Described; 5] {
    const NODE: &[(&str, &str, &str)] =
        &[("node", "string", "The node; by default all nodes that have joined and were not removed")];
    const UNITS: &[(&str, &str, &str)] =
        &[("units", "integer", "For `rate`: the units per second; absent for the worker's default")];
    [
        Described {
            name: "getStatus",
            method: "get",
            path: STATUS_PATH,
            summary: "Show the totals and the redundancy of stored objects, the nodes, the log and the projection",
            action: Action::AdminGetStatus,
            gives: shape::<Status>,
            query: &[],
        },
        Described {
            name: "listWorkers",
            method: "get",
            path: WORKERS_PATH,
            summary: "List the background workers of all processes, with the state of each",
            action: Action::AdminGetStatus,
            gives: shape::<WorkerList>,
            query: &[],
        },
        Described {
            name: "changeWorker",
            method: "post",
            path: WORKER_PATH,
            summary: "Change a worker in every process: `pause`, `resume`, set its `rate`, or `run` it on all items now",
            action: Action::AdminChangeWorker,
            gives: shape::<Changed<'static>>,
            query: UNITS,
        },
        Described {
            name: "listScrubs",
            method: "get",
            path: SCRUBS_PATH,
            summary: "Show the progress of the scrubs of storage nodes, and the damage that they found",
            action: Action::AdminGetStatus,
            gives: shape::<ScrubList>,
            query: NODE,
        },
        Described {
            name: "changeScrubs",
            method: "post",
            path: SCRUBS_CHANGE_PATH,
            summary: "Change scrubs: `start` a pass, `pause` or `resume`; returns their state after the change",
            action: Action::AdminChangeWorker,
            gives: shape::<ScrubList>,
            query: NODE,
        },
    ]
}
