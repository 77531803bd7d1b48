//! What is counted of the monitor.

use domain::row::Condition;
use events::ids::NodeId;
use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::{Opinion, Presence};

pub(crate) fn describe() {
    describe_gauge!("planetstore_monitor_deaf", "1 while this process would not hear a node that spoke");
    describe_gauge!("planetstore_monitor_node_online", "1 while this process hears a node");
    describe_gauge!("planetstore_monitor_node_healthy", "1 while a node is neither full nor failing, as heard here");
    describe_gauge!(
        "planetstore_monitor_node_ageless",
        "1 while a node does not say how old its folder is, though that is known"
    );
    describe_counter!("planetstore_monitor_facts_total", "Facts about nodes that this process wrote");
    describe_counter!(
        "planetstore_monitor_outdated_total",
        "Times that a node came back with an older copy of its folder"
    );
}

pub(crate) fn observe(node: &NodeId, opinion: &Opinion) {
    let is_online = opinion.presence == Some(Presence::Online);
    gauge!("planetstore_monitor_node_online", "node" => node.to_string()).set(f64::from(u8::from(is_online)));
    let is_healthy = opinion.condition == Condition::Healthy;
    gauge!("planetstore_monitor_node_healthy", "node" => node.to_string()).set(f64::from(u8::from(is_healthy)));
    let is_ageless = f64::from(u8::from(opinion.is_ageless));
    gauge!("planetstore_monitor_node_ageless", "node" => node.to_string()).set(is_ageless);
}

pub(crate) fn deaf(is_deaf: bool) {
    gauge!("planetstore_monitor_deaf").set(f64::from(u8::from(is_deaf)));
}

pub(crate) fn wrote(what: &'static str) {
    counter!("planetstore_monitor_facts_total", "fact" => what).increment(1);
}

pub(crate) fn outdated() {
    counter!("planetstore_monitor_outdated_total").increment(1);
}
