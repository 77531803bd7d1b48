use events::cors::{Method, Rule};
use s3::cors::{AllowedMethod, CorsRule};

/// Converts a rule into a fact.
pub(crate) fn cors_rule(rule: CorsRule) -> Rule {
    let texts = |wildcards: Vec<s3::cors::Wildcard>| wildcards.iter().map(|text| text.as_str().to_owned()).collect();
    let method = |method: AllowedMethod| match method {
        AllowedMethod::Get => Method::Get,
        AllowedMethod::Put => Method::Put,
        AllowedMethod::Post => Method::Post,
        AllowedMethod::Delete => Method::Delete,
        AllowedMethod::Head => Method::Head,
    };
    Rule {
        id: rule.id,
        allowed_origins: texts(rule.origins),
        allowed_methods: rule.methods.into_iter().map(method).collect(),
        allowed_headers: texts(rule.headers),
        expose_headers: rule.expose_headers,
        max_age_seconds: rule.max_age_seconds,
    }
}

/// Converts a rule of a fact. Rules are parsed before they are stored; one that cannot be parsed now allows nothing.
pub(crate) fn wire_cors_rule(rule: &Rule) -> Option<CorsRule> {
    let wildcards = |texts: &[String]| texts.iter().map(|text| text.parse().ok()).collect::<Option<Vec<_>>>();
    let method = |method: &Method| match method {
        Method::Get => AllowedMethod::Get,
        Method::Put => AllowedMethod::Put,
        Method::Post => AllowedMethod::Post,
        Method::Delete => AllowedMethod::Delete,
        Method::Head => AllowedMethod::Head,
    };
    Some(CorsRule {
        id: rule.id.clone(),
        origins: wildcards(&rule.allowed_origins)?,
        methods: rule.allowed_methods.iter().map(method).collect(),
        headers: wildcards(&rule.allowed_headers)?,
        expose_headers: rule.expose_headers.clone(),
        max_age_seconds: rule.max_age_seconds,
    })
}
