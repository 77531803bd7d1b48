//! The routes of the console that are no operations of the admin API, as its `OpenAPI` document describes them.

use policy::Action;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::audit::{AUDIT_SHARDS_PATH, DescribedLine, LINES_TYPE};
use super::nodes::{
    Confirmed, Initialized, NODE_CONFIRM_STRAYS_PATH, NODE_INIT_PATH, NODE_STOP_PATH, REQUEST_HEADER, Stopped,
};
use super::scrubs::{SCRUBS_CHANGE_PATH, SCRUBS_PATH, ScrubList};
use super::status::{STATUS_PATH, Status};
use super::workers::{Changed, WORKER_PATH, WORKERS_PATH, WorkerList};

/// The media type of most answers.
const JSON: &str = "application/json";

/// A route.
pub(crate) struct Described {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) action: Action,
    /// The document that goes out with success.
    pub(crate) gives: fn(&mut SchemaGenerator) -> Schema,
    /// The media type of that.
    pub(crate) media: &'static str,
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
pub(crate) fn described() -> impl Iterator<Item = Described> {
    of_work().into_iter().chain(of_nodes())
}

/// What is under way.
fn of_work() -> [Described; 5] {
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
            media: JSON,
            query: &[],
        },
        Described {
            name: "listWorkers",
            method: "get",
            path: WORKERS_PATH,
            summary: "List the background workers of all processes, with the state of each",
            action: Action::AdminGetStatus,
            gives: shape::<WorkerList>,
            media: JSON,
            query: &[],
        },
        Described {
            name: "changeWorker",
            method: "post",
            path: WORKER_PATH,
            summary: "Change a worker in every process: `pause`, `resume`, set its `rate`, or `run` it on all items now",
            action: Action::AdminChangeWorker,
            gives: shape::<Changed<'static>>,
            media: JSON,
            query: UNITS,
        },
        Described {
            name: "listScrubs",
            method: "get",
            path: SCRUBS_PATH,
            summary: "Show the progress of the scrubs of storage nodes, and the damage that they found",
            action: Action::AdminGetStatus,
            gives: shape::<ScrubList>,
            media: JSON,
            query: NODE,
        },
        Described {
            name: "changeScrubs",
            method: "post",
            path: SCRUBS_CHANGE_PATH,
            summary: "Change scrubs: `start` a pass, `pause` or `resume`; returns their state after the change",
            action: Action::AdminChangeWorker,
            gives: shape::<ScrubList>,
            media: JSON,
            query: NODE,
        },
    ]
}

/// What can be done with nodes, and with all of their shards.
fn of_nodes() -> [Described; 4] {
    const SHARDS: &[(&str, &str, &str)] =
        &[("shards", "integer", "How many shards without a name were looked at, and are not needed")];
    const DEEP: &[(&str, &str, &str)] = &[("deep", "boolean", "Whether the nodes read every bit of their shards")];
    [
        Described {
            name: "stopNode",
            method: "post",
            path: NODE_STOP_PATH,
            summary: "Stop a storage node after it has answered the requests it accepted",
            action: Action::AdminStopNode,
            gives: shape::<Stopped<'static>>,
            media: JSON,
            query: &[],
        },
        Described {
            name: "initNode",
            method: "post",
            path: NODE_INIT_PATH,
            summary: "Admit a storage node with its present data folder; its previous folder and every shard in it are \
                      given up",
            action: Action::AdminInitNode,
            gives: shape::<Initialized<'static>>,
            media: JSON,
            query: &[],
        },
        Described {
            name: "confirmStrays",
            method: "post",
            path: NODE_CONFIRM_STRAYS_PATH,
            summary: "Confirm how many shards on a node, of which the log says nothing, are not needed: then they are \
                      discarded",
            action: Action::AdminConfirmStrays,
            gives: shape::<Confirmed<'static>>,
            media: JSON,
            query: SHARDS,
        },
        Described {
            name: "auditShards",
            method: "post",
            path: AUDIT_SHARDS_PATH,
            summary: "Count all shards on the nodes, and record what is missing or damaged. The answer is a document a \
                      line, and goes on until the count is made",
            action: Action::AdminAuditShards,
            gives: shape::<DescribedLine>,
            media: LINES_TYPE,
            query: DEEP,
        },
    ]
}
