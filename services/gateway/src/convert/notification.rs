use events::ids::InvalidName;
use events::notification::{Kind, Rule};
use s3::notification::{NotificationKind, NotificationRule};

/// Converts a rule of the wire for the log. A rule without an id gets `fresh`.
///
/// # Errors
/// Its target has no possible name.
pub(crate) fn notification_rule(rule: NotificationRule, fresh: impl FnOnce() -> String) -> Result<Rule, InvalidName> {
    let NotificationRule { id, kind, target, events, prefix, suffix } = rule;
    let kind = match kind {
        NotificationKind::Topic => Kind::Topic,
        NotificationKind::Queue => Kind::Queue,
        NotificationKind::CloudFunction => Kind::CloudFunction,
    };
    Ok(Rule { id: id.unwrap_or_else(fresh), kind, target: target.parse()?, events, prefix, suffix })
}

/// Converts a rule of the log for the wire.
pub(crate) fn wire_notification_rule(rule: Rule) -> NotificationRule {
    let Rule { id, kind, target, events, prefix, suffix } = rule;
    let kind = match kind {
        Kind::Topic => NotificationKind::Topic,
        Kind::Queue => NotificationKind::Queue,
        Kind::CloudFunction => NotificationKind::CloudFunction,
    };
    NotificationRule { id: Some(id), kind, target: target.to_string(), events, prefix, suffix }
}
