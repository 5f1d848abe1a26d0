//! What is wrong with a database, and with the log in it.

use super::Finding;
use crate::caller::ServiceName;
use crate::config::ServiceKeys;
use crate::db::{DatabaseFault, Inspection, SchemaError};
use crate::log::{Checkpoint, VerifierKey};

/// What was found of the database of a service, as findings. `keys` are those that the service signs its log with.
#[must_use]
pub fn findings(name: ServiceName, keys: &ServiceKeys, seen: &Inspection, log: &[VerifierKey]) -> Vec<Finding> {
    let place = place(keys);
    let faults = seen.faults.iter().map(|fault| of_fault(name, &place, fault));
    let mut found: Vec<_> = faults.collect();
    if let Some(bound) = &seen.log {
        let own: Vec<_> = log.iter().map(|key| hex::encode(key.hash())).collect();
        let others = bound.keys.iter().any(|key| !own.contains(key));
        if !log.is_empty() && (bound.origin != keys.log_origin || others) {
            let fault = format!(
                "the database {place} belongs to the log {} of the keys {}, not to {} of the keys {}",
                bound.origin,
                bound.keys.join(" and "),
                keys.log_origin,
                own.join(" and ")
            );
            let remedy = "请把数据库、log_origin 和日志密钥恢复为同一次备份的内容。";
            found.push(Finding::fault(name.as_str(), "DR-LOG-IDENTITY", fault, remedy));
        }
    }
    found.extend(seen.checkpoint.as_deref().and_then(|note| checkpoint(name.as_str(), note, log)));
    found
}

/// Looks whether a checkpoint is signed by the keys that are published for its log.
#[must_use]
pub fn checkpoint(party: &str, note: &str, keys: &[VerifierKey]) -> Option<Finding> {
    let fault = Checkpoint::open(note.as_bytes(), keys).err()?;
    let fault = format!("the checkpoint is not that of the published keys: {fault}");
    let remedy = "请核对公布的日志公钥与服务所用密钥；不一致且原因不明的，按日志被篡改处理，保全数据并报告。";
    (!keys.is_empty()).then(|| Finding::fault(party, "DR-LOG-SIGNATURE", fault, remedy))
}

/// A server's address may hold a password and is not told.
fn place(keys: &ServiceKeys) -> String {
    keys.database.expose().strip_prefix("sqlite:").map_or_else(|| "on its server".to_owned(), str::to_owned)
}

fn of_fault(name: ServiceName, place: &str, fault: &DatabaseFault) -> Finding {
    let (rule, told, remedy) = match fault {
        DatabaseFault::Absent => (
            "DR-DB-AWAY",
            format!("the database {place} is not there"),
            "请核对 services.<服务>.database；尚未建库的运行 `townlink migrate`，丢失的从备份恢复。",
        ),
        DatabaseFault::Away(cause) => (
            "DR-DB-AWAY",
            format!("the database {place} cannot be reached: {cause}"),
            "请核对数据库地址、数据库服务是否运行、网络与磁盘是否正常。",
        ),
        DatabaseFault::Damaged(cause) => (
            "DR-DB-DAMAGED",
            format!("the database {place} is damaged: {cause}"),
            "请停止服务，保全原文件，从备份恢复。",
        ),
        DatabaseFault::Locked => (
            "DR-DB-LOCKED",
            format!("the database {place} is locked by another process"),
            "请找出并结束占用该数据库的程序(备份工具、sqlite3 等)。",
        ),
        DatabaseFault::Held(holder) => (
            "DR-DB-LOCKED",
            format!("the database {place} is locked by {holder}"),
            "请由数据库管理员查明该会话的用途并结束它(select pg_terminate_backend(进程号))；预备事务用 rollback prepared 了结。",
        ),
        DatabaseFault::ReadOnly(what) => {
            ("DR-DB-READ-ONLY", format!("{what} is read-only"), "请恢复运行账户对数据库文件及其目录的写权限。")
        }
        DatabaseFault::Schema(cause @ SchemaError::Newer { .. }) => {
            ("DR-DB-NEWER", cause.to_string(), "请改用建立该数据库的新版程序，或者恢复与本版程序对应的备份。")
        }
        DatabaseFault::Schema(cause @ SchemaError::Older { .. }) => {
            ("DR-DB-OLDER", cause.to_string(), "请先备份，再运行 `townlink migrate`。")
        }
        DatabaseFault::Schema(
            cause @ (SchemaError::Edited { .. }
            | SchemaError::Locked(_)
            | SchemaError::Failed { .. }
            | SchemaError::Unreachable(_)),
        ) => ("DR-DB-SCHEMA", crate::telemetry::chain(cause), "请使用与数据库相符的程序，或者从备份恢复。"),
    };
    Finding::fault(name.as_str(), rule, told, remedy)
}
