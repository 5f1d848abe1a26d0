//! The rule of each method, read from the contract once at the start.

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, Kind, MessageDescriptor, MethodDescriptor};
use townlink_proto::townlink::access::v1::{Act, Effect};
use townlink_proto::townlink::errors::v1::ErrorReason;

use crate::refusal::ground;

/// The packages whose methods need a rule. Health and reflection are the only methods outside them, and have rules of their own.
const CONTRACTS: &str = "townlink.";

/// The rule of one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// The full path, such as `/townlink.clock.v1.ClockService/GetClock`.
    pub path: String,
    /// What the method does.
    pub act: Act,
    /// The roles of which a person must hold one; none where the act asks for no person.
    pub roles: Vec<String>,
    /// What kind of effect it has.
    pub effect: Effect,
    /// The reason where a known request id comes with another request.
    pub reuse_reason: ErrorReason,
    /// Whether the client sends a stream.
    pub client_streaming: bool,
    /// Whether the server sends a stream.
    pub server_streaming: bool,
    /// The number of the field `request_id`; 0 where the method does not write.
    pub request_id: u32,
    /// The numbers of the fields that make two requests the same, in ascending order. Empty: all.
    pub fingerprint: Vec<u32>,
}

/// A contract that cannot be enforced, and so is not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{method}: {fault}")]
pub struct RuleError {
    /// The method.
    pub method: String,
    /// What is wrong with its rule.
    pub fault: String,
}

/// The rules of every method of the contracts.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    methods: HashMap<String, Arc<Method>>,
}

impl Rules {
    /// Reads the rules out of an encoded descriptor set.
    ///
    /// # Errors
    /// The first method whose rule is absent or cannot be enforced.
    pub fn read(descriptor_set: &[u8]) -> Result<Self, RuleError> {
        let whole = |fault: String| RuleError { method: "the descriptor set".to_owned(), fault };
        let pool = DescriptorPool::decode(descriptor_set).map_err(|cause| whole(cause.to_string()))?;
        let option = pool
            .get_extension_by_name("townlink.access.v1.rule")
            .ok_or_else(|| whole("has no option townlink.access.v1.rule".to_owned()))?;
        let mut methods = HashMap::new();
        for service in pool.services().filter(|service| service.full_name().starts_with(CONTRACTS)) {
            for method in service.methods() {
                let path = format!("/{}/{}", service.full_name(), method.name());
                let rule = read(&method, &option, &path).map_err(|fault| RuleError { method: path.clone(), fault })?;
                methods.insert(path, Arc::new(rule));
            }
        }
        Ok(Self { methods })
    }

    /// The rule of a method, by its full path.
    #[must_use]
    pub fn of(&self, path: &str) -> Option<&Arc<Method>> {
        self.methods.get(path)
    }

    /// Every method, in no order.
    pub fn methods(&self) -> impl Iterator<Item = &Arc<Method>> {
        self.methods.values()
    }
}

fn read(method: &MethodDescriptor, option: &ExtensionDescriptor, path: &str) -> Result<Method, String> {
    let options = method.options();
    if !options.has_extension(option) {
        return Err("has no access rule".to_owned());
    }
    let rule = options.get_extension(option);
    let rule = rule.as_message().ok_or("has an access rule that is no message")?;
    let act = number(rule, "act").and_then(|act| Act::try_from(act).ok()).ok_or("names an unknown act")?;
    let effect =
        number(rule, "effect").and_then(|effect| Effect::try_from(effect).ok()).ok_or("names an unknown effect")?;
    if act == Act::Unspecified || effect == Effect::Unspecified {
        return Err("names no act or no effect".to_owned());
    }
    let reuse = text(rule, "reuse_reason").unwrap_or_else(|| "REQUEST_ID_REUSED".to_owned());
    let (request_id, fingerprint) = match effect {
        Effect::Write => identity(method, rule)?,
        Effect::Read | Effect::Converge | Effect::Unspecified => (0, Vec::new()),
    };
    Ok(Method {
        path: path.to_owned(),
        act,
        roles: texts(rule, "roles"),
        effect,
        reuse_reason: ground::reason(&reuse).ok_or_else(|| format!("names the unknown reason {reuse}"))?,
        client_streaming: method.is_client_streaming(),
        server_streaming: method.is_server_streaming(),
        request_id,
        fingerprint,
    })
}

/// What identifies a request of a writing method: the number of its id, and of the fields that it is compared by.
fn identity(method: &MethodDescriptor, rule: &DynamicMessage) -> Result<(u32, Vec<u32>), String> {
    if method.is_client_streaming() || method.is_server_streaming() {
        return Err("writes, but is a stream: an answer that is kept is one message".to_owned());
    }
    let input = method.input();
    let id = input.get_field_by_name("request_id").filter(|field| field.kind() == Kind::String && !field.is_list());
    let id = id.ok_or("writes, but its request has no string `request_id`")?;
    let mut fields =
        texts(rule, "fingerprint").iter().map(|name| field_number(&input, name)).collect::<Result<Vec<_>, _>>()?;
    fields.sort_unstable();
    fields.dedup();
    Ok((id.number(), fields))
}

fn field_number(input: &MessageDescriptor, name: &str) -> Result<u32, String> {
    let field = input.get_field_by_name(name);
    field.map(|field| field.number()).ok_or_else(|| format!("compares requests by the unknown field {name}"))
}

fn number(rule: &DynamicMessage, field: &str) -> Option<i32> {
    rule.get_field_by_name(field).and_then(|value| value.as_enum_number())
}

fn text(rule: &DynamicMessage, field: &str) -> Option<String> {
    let value = rule.get_field_by_name(field)?;
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn texts(rule: &DynamicMessage, field: &str) -> Vec<String> {
    let value = rule.get_field_by_name(field);
    let list = value.as_deref().and_then(prost_reflect::Value::as_list).unwrap_or_default();
    list.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
