//! What is fixed about each reason: its code, its law and its status, read once from the contract.

use std::collections::HashMap;
use std::sync::OnceLock;

use prost_reflect::{DescriptorPool, Value};
use tonic::Code;
use townlink_proto::townlink::errors::v1::ErrorReason;

/// What is fixed about a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The reason as `ErrorInfo` carries it, such as `AU_RETRO`.
    pub reason: &'static str,
    /// The code that people see, such as `AU-RETRO`.
    pub code: String,
    /// The rule that the refusal rests on.
    pub law: String,
    /// The status of the call.
    pub status: Code,
}

/// The prefix that every value of the enum carries.
const PREFIX: &str = "ERROR_REASON_";

/// The ground of a reason.
#[must_use]
pub fn ground(reason: ErrorReason) -> &'static Ground {
    static UNGROUNDED: OnceLock<Ground> = OnceLock::new();
    grounds().get(&(reason as i32)).unwrap_or_else(|| {
        UNGROUNDED.get_or_init(|| Ground {
            reason: "UNSPECIFIED",
            code: "UNSPECIFIED".to_owned(),
            law: String::new(),
            status: Code::Internal,
        })
    })
}

/// The reason of a name such as `RE_REPLAY`.
#[must_use]
pub fn reason(name: &str) -> Option<ErrorReason> {
    ErrorReason::from_str_name(&format!("{PREFIX}{name}"))
}

fn grounds() -> &'static HashMap<i32, Ground> {
    static GROUNDS: OnceLock<HashMap<i32, Ground>> = OnceLock::new();
    GROUNDS.get_or_init(|| {
        let pool = DescriptorPool::decode(townlink_proto::DESCRIPTOR_SET).expect("the contract crate compiled the set");
        let reasons = pool.get_enum_by_name("townlink.errors.v1.ErrorReason").expect("the contract has the enum");
        let option = pool.get_extension_by_name("townlink.errors.v1.ground").expect("the contract has the option");
        let read = |value: prost_reflect::EnumValueDescriptor| {
            let options = value.options();
            let ground = options.get_extension(&option);
            let ground = ground.as_message()?;
            let text =
                |field: &str| ground.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned));
            let status = ground.get_field_by_name("status").as_deref().and_then(Value::as_i32).unwrap_or_default();
            let name = ErrorReason::try_from(value.number()).ok()?.as_str_name();
            let ground = Ground {
                reason: name.strip_prefix(PREFIX).unwrap_or(name),
                code: text("code").filter(|code| !code.is_empty())?,
                law: text("law").unwrap_or_default(),
                status: Code::from_i32(status),
            };
            Some((value.number(), ground))
        };
        reasons.values().filter_map(read).collect()
    })
}
