use serde::Serialize;

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    check: &'static str,
    state: State,
    what: String,
    /// The remedy.
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Failed,
}

impl Finding {
    pub(crate) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Ok, what: what.into(), advice: None }
    }

    pub(crate) fn warning(check: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Warning, what: what.into(), advice: Some(advice.into()) }
    }

    pub(crate) fn failed(check: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Failed, what: what.into(), advice: Some(advice.into()) }
    }

    /// Whether something must be done.
    pub(crate) fn is_failure(&self) -> bool {
        self.state == State::Failed
    }
}

/// One line per finding, with its remedy below.
pub(crate) fn render(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or_default();
    let lines = findings.iter().flat_map(|Finding { check, state, what, advice }| {
        let state = match state {
            State::Ok => "ok  ",
            State::Warning => "warn",
            State::Failed => "FAIL",
        };
        let advice = advice.as_ref().map(|advice| format!("      {:width$}  -> {advice}", ""));
        std::iter::once(format!("{state}  {check:width$}  {what}")).chain(advice)
    });
    lines.flat_map(|line| [line, "\n".into()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_stands_below_its_finding() {
        let findings = [Finding::ok("clock", "it is set"), Finding::failed("log", "a gap", "stop")];
        assert_eq!(render(&findings), "ok    clock  it is set\nFAIL  log    a gap\n             -> stop\n");
        assert!(findings[1].is_failure() && !findings[0].is_failure());
        assert!(!Finding::warning("disk", "slow", "buy another").is_failure());
    }
}
