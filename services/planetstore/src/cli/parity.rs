//! Whatever the console does, a command does: each operation of the admin API has one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::CommandFactory;
use serde_json::Value;

use super::Cli;

/// The operations, and the command that asks for each.
const COMMANDS: [(&str, &str); 93] = [
    ("addConsumer", "events consumer add"),
    ("addLink", "admin link add"),
    ("addMember", "admin group add"),
    ("attachToGroup", "admin policy attach"),
    ("attachToUser", "admin policy attach"),
    ("auditShards", "audit shards"),
    ("changeAuthorKey", "admin region rotate-key"),
    ("changeScrubs", "scrub start"),
    ("changeKey", "admin key set"),
    ("changeKmsKey", "admin kms disable"),
    ("changeTarget", "admin target change"),
    ("changeUser", "admin user set"),
    ("changeWorker", "worker pause"),
    ("checkPolicy", "admin policy check"),
    ("confirmStrays", "gc confirm"),
    ("createGroup", "admin group create"),
    ("createKey", "admin key create"),
    ("createKmsKey", "admin kms create"),
    ("createTarget", "admin target add"),
    ("createUser", "admin user create"),
    ("deleteGroup", "admin group delete"),
    ("deleteKey", "admin key delete"),
    ("deletePolicy", "admin policy delete"),
    ("deleteQuota", "admin bucket quota"),
    ("deleteTarget", "admin target remove"),
    ("deleteUser", "admin user delete"),
    ("detachFromGroup", "admin policy detach"),
    ("detachFromUser", "admin policy detach"),
    ("drainNode", "node drain"),
    ("exportEvents", "events export"),
    ("getAccessLog", "audit access"),
    ("getAudit", "audit object"),
    ("getBucket", "admin bucket show"),
    ("getErrors", "errors"),
    ("getGroup", "admin group show"),
    ("getLogs", "logs"),
    ("getMasterKey", "admin master-key status"),
    ("getNode", "node list"),
    ("getPolicy", "admin policy show"),
    ("getQuota", "admin bucket quota"),
    ("getRegion", "admin region show"),
    ("getSettings", "admin settings"),
    ("getStatus", "status"),
    ("getTarget", "admin target get"),
    ("getUser", "admin user show"),
    ("initNode", "node init"),
    ("listBuckets", "admin bucket list"),
    ("listCheckpoints", "events verify"),
    ("listConsumers", "events consumer list"),
    ("listDeadLetters", "admin target dead"),
    ("listEvents", "events get"),
    ("listGroups", "admin group list"),
    ("listKeys", "admin key list"),
    ("listKmsKeys", "admin kms list"),
    ("listLinks", "admin link list"),
    ("listNodes", "node list"),
    ("listPolicies", "admin policy list"),
    ("listReplication", "admin replication status"),
    ("listScrubs", "scrub status"),
    ("listSessions", "admin user sessions"),
    ("listObjectsAt", "ls"),
    ("listTargets", "admin target list"),
    ("listUsers", "admin user list"),
    ("listWorkers", "worker list"),
    ("presign", "share"),
    ("proveEvent", "events proof"),
    ("putPolicy", "admin policy put"),
    ("putQuota", "admin bucket quota"),
    ("redeliver", "admin target redeliver"),
    ("removeConsumer", "events consumer rm"),
    ("removeLink", "admin link remove"),
    ("removeMember", "admin group remove"),
    ("removeNode", "node remove"),
    ("resumeNode", "node resume"),
    ("resyncReplication", "admin replication resync"),
    ("restoreObjects", "restore"),
    ("revokeSession", "admin user logout"),
    ("revokeSessions", "admin user logout"),
    ("rotateMasterKey", "admin master-key rotate"),
    ("search", "admin search"),
    ("setPassword", "admin user password"),
    ("stopNode", "node stop"),
    ("streamEvents", "events tail"),
    ("streamLogs", "logs"),
    ("testTarget", "admin target test"),
    ("upgradeRegion", "admin region upgrade"),
    ("whoami", "admin whoami"),
    // What has no command of its own is asked for by its path.
    ("discardDeadLetters", "admin api"),
    ("getBucketGrowth", "admin api"),
    ("getGrowth", "admin api"),
    ("getInsights", "admin api"),
    ("getTelemetry", "admin api"),
    ("listActiveUsers", "admin api"),
];

/// Operations that need no command, and why.
const NONE_NEEDED: [(&str, &str); 7] = [
    ("createTicket", "a command sends its key, and needs no address that a tag of a page can load"),
    ("login", "every command logs in"),
    ("logout", "and logs out"),
    ("openSocket", "events tail follows the log, and a page follows several things at once"),
    ("openapi", "it is for programs, and in schemas/api"),
    ("prove", "a login has just proven the password"),
    ("refresh", "commands that last refresh their session"),
];

/// The operations that the `OpenAPI` document has, each with its path.
pub(super) fn described() -> BTreeMap<String, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/api/openapi.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let operations =
        paths.flat_map(|(path, methods)| methods.as_object().unwrap().values().map(move |one| (path, one)));
    operations.map(|(path, one)| (one["operationId"].as_str().unwrap().to_owned(), path.clone())).collect()
}

fn operations() -> BTreeSet<String> {
    described().into_keys().collect()
}

#[test]
fn each_operation_of_the_api_has_a_command() {
    let operations = operations();
    assert!(operations.len() > 50);
    let known: BTreeSet<_> =
        COMMANDS.iter().chain(&NONE_NEEDED).map(|(operation, _)| (*operation).to_owned()).collect();
    let without: Vec<_> = operations.difference(&known).collect();
    assert!(without.is_empty(), "operations without a command: {without:?}; add one, and its line here");
    let gone: Vec<_> = known.difference(&operations).collect();
    assert!(gone.is_empty(), "there are no such operations: {gone:?}");
}

#[test]
fn each_of_these_commands_is_there() {
    let program = Cli::command();
    for (operation, words) in COMMANDS {
        let mut command = &program;
        for word in words.split(' ') {
            let below = command.find_subcommand(word);
            command = below.unwrap_or_else(|| panic!("there is no `planetstore {words}` for {operation}"));
        }
    }
}
