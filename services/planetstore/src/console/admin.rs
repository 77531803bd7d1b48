//! The admin API, once the ledger is there that it stands on.

use std::sync::Arc;

use anyhow::Context;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use events::ids::RegionName;
use gateway::{Admin, AdminOptions, TrustedProxies};
use identity::{MasterKeys, Sealers, Tokens};
use ledger::Ledger;
use tower::ServiceExt;

use super::ConsoleState;
use super::routes::refuse;
use crate::author_key;
use crate::credentials::RootCredentials;
use crate::sources::sources;

/// Everything below the API that has no route of its own.
pub(super) const PATHS: &str = "/api/v1/{*rest}";

/// What a gateway knows people by.
pub(crate) struct Trust<'a> {
    pub(crate) root: &'a RootCredentials,
    pub(crate) masters: &'a MasterKeys,
    pub(crate) sealers: Arc<Sealers>,
    pub(crate) proxies: TrustedProxies,
}

/// The admin API of a region, whose master key must be the one that the secrets on its log were sealed with.
pub(crate) async fn admin(region: &RegionName, trust: Trust<'_>, ledger: Ledger) -> anyhow::Result<Admin> {
    let Trust { root, masters, sealers, proxies } = trust;
    let tokens: Result<Vec<_>, _> = masters.iter().map(|master| Tokens::new(master, region.as_str())).collect();
    let options = AdminOptions {
        region: region.clone(),
        root: gateway::Credentials { access_key: root.user.clone(), secret_key: root.password.clone() },
        sealers,
        tokens: tokens?,
        master_keys: author_key::held(masters, region)?,
        trusted_proxies: proxies,
        sources: sources(),
        random: |bytes| getrandom::fill(bytes).is_ok(),
    };
    let admin = Admin::new(options, ledger)?;
    admin.check_master_key().await.context("the master key")?;
    Ok(admin)
}

/// Hands a request on.
pub(super) async fn forward(State(state): State<Arc<ConsoleState>>, request: Request) -> Response {
    match state.gateway() {
        Ok(gateway) => gateway.admin_routes.clone().oneshot(request).await.into_response(),
        Err((status, why)) => refuse(status, why),
    }
}
