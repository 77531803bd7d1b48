use events::lock::{DefaultRetention, LegalHold, Lock, Period, Retention, RetentionMode};
use s3::xml::RetentionPeriod;

pub(crate) fn lock(lock: s3::lock::ObjectLock) -> Lock {
    Lock { retention: lock.retention.map(retention), legal_hold: lock.legal_hold.map(legal_hold) }
}

pub(crate) fn retention(retention: s3::lock::Retention) -> Retention {
    Retention { mode: retention_mode(retention.mode), until: retention.until }
}

pub(crate) fn wire_retention(retention: Retention) -> s3::lock::Retention {
    s3::lock::Retention { mode: wire_retention_mode(retention.mode), until: retention.until }
}

fn retention_mode(mode: s3::lock::RetentionMode) -> RetentionMode {
    match mode {
        s3::lock::RetentionMode::Governance => RetentionMode::Governance,
        s3::lock::RetentionMode::Compliance => RetentionMode::Compliance,
    }
}

pub(crate) fn wire_retention_mode(mode: RetentionMode) -> s3::lock::RetentionMode {
    match mode {
        RetentionMode::Governance => s3::lock::RetentionMode::Governance,
        RetentionMode::Compliance => s3::lock::RetentionMode::Compliance,
    }
}

pub(crate) fn legal_hold(hold: s3::lock::LegalHold) -> LegalHold {
    match hold {
        s3::lock::LegalHold::On => LegalHold::On,
        s3::lock::LegalHold::Off => LegalHold::Off,
    }
}

pub(crate) fn wire_legal_hold(hold: LegalHold) -> s3::lock::LegalHold {
    match hold {
        LegalHold::On => s3::lock::LegalHold::On,
        LegalHold::Off => s3::lock::LegalHold::Off,
    }
}

pub(crate) fn default_retention(default: s3::xml::DefaultRetention) -> DefaultRetention {
    let period = match default.period {
        RetentionPeriod::Days(days) => Period::Days(days),
        RetentionPeriod::Years(years) => Period::Years(years),
    };
    DefaultRetention { mode: retention_mode(default.mode), period }
}

pub(crate) fn wire_default_retention(default: DefaultRetention) -> s3::xml::DefaultRetention {
    let period = match default.period {
        Period::Days(days) => RetentionPeriod::Days(days),
        Period::Years(years) => RetentionPeriod::Years(years),
    };
    s3::xml::DefaultRetention { mode: wire_retention_mode(default.mode), period }
}
