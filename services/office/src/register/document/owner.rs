//! Which service owns which directive. OFFICE confirms each, the owner applies it (DESIGN.md §6).

use runtime::caller::ServiceName;

use crate::register::directive::form::OWN_TYPES;

/// The office, which keeps the register.
pub(crate) const OFFICE: ServiceName = ServiceName("office");

/// The directives of other services.
const OTHERS: [(&str, ServiceName); 5] = [
    ("SET_FISCAL_BASE", ServiceName("finance")),
    ("ALLOCATE_SUBSIDY", ServiceName("finance")),
    ("ADJUST_QUOTA", ServiceName("personnel")),
    ("REQUEST_REPORT", ServiceName("economy")),
    ("ORDER_INSPECTION", ServiceName("enforcement")),
];

/// The service that owns a type of directive, if one does.
pub(crate) fn owner(directive_type: &str) -> Option<ServiceName> {
    if is_own(directive_type) {
        return Some(OFFICE);
    }
    OTHERS.into_iter().find(|(known, _)| *known == directive_type).map(|(_, service)| service)
}

/// Whether the register owns a type of directive.
pub(crate) fn is_own(directive_type: &str) -> bool {
    OWN_TYPES.contains(&directive_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_one_owner() {
        assert_eq!(owner("GRANT_POWERS"), Some(OFFICE));
        assert_eq!(owner("SET_FISCAL_BASE"), Some(ServiceName("finance")));
        assert_eq!(owner("ORDER_INSPECTION"), Some(ServiceName("enforcement")));
        assert_eq!(owner("PAINT_TOWN_RED"), None);
        assert!(OTHERS.into_iter().all(|(known, _)| !is_own(known)));
    }
}
