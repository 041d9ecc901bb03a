//! Checks of single fields that many bodies share. Paths are relative; the caller puts them below its own.

use crate::hash::RecordDigest;
use crate::limits::{MAX_CODE_LEN, MAX_FRACTION, MAX_STATION_LEN, MIN_CODE_LEN};
use crate::pb;
use crate::refusal::{Reason, Refusal};

pub(super) type Check = Result<(), Refusal>;

pub(super) fn required(present: bool, field: &str) -> Check {
    if present {
        Ok(())
    } else {
        Err(Refusal::new(Reason::FieldRequired, field))
    }
}

/// Refuses a field that is filled in where `allowed` is false.
pub(super) fn absent_unless(allowed: bool, present: bool, field: &str, when: &str) -> Check {
    if present && !allowed {
        return Err(Refusal::new(Reason::FieldNotAllowed, field).with("allowed_only_with", when));
    }
    Ok(())
}

/// A field that is required in one case and not allowed in any other.
pub(super) fn exactly_when(needed: bool, present: bool, field: &str, when: &str) -> Check {
    if needed && !present {
        return Err(Refusal::new(Reason::FieldRequired, field).with("required_with", when));
    }
    absent_unless(needed, present, field, when)
}

/// A field that is required in one case and free in any other.
pub(super) fn required_when(needed: bool, present: bool, field: &str, when: &str) -> Check {
    if needed && !present {
        return Err(Refusal::new(Reason::FieldRequired, field).with("required_with", when));
    }
    Ok(())
}

pub(super) fn text(value: &str, limit: usize, field: &str) -> Check {
    if value.len() > limit {
        return Err(Refusal::new(Reason::FieldTooLong, field)
            .with("limit_bytes", limit)
            .with("found_bytes", value.len()));
    }
    Ok(())
}

pub(super) fn filled_text(value: &str, limit: usize, field: &str) -> Check {
    required(!value.is_empty(), field)?;
    text(value, limit, field)
}

pub(super) fn at_most(value: impl Into<u64>, limit: usize, field: &str) -> Check {
    range(value, 0, limit, field)
}

pub(super) fn range(value: impl Into<u64>, least: u64, limit: usize, field: &str) -> Check {
    let value = value.into();
    if value < least || usize::try_from(value).map_or(true, |value| value > limit) {
        return Err(Refusal::new(Reason::OutOfRange, field)
            .with("least", least)
            .with("most", limit)
            .with("found", value));
    }
    Ok(())
}

/// Code of a member or party: 3 to 8 of `[A-Z0-9]`, a letter first.
pub(super) fn code(value: &str, field: &str) -> Check {
    let form = (MIN_CODE_LEN..=MAX_CODE_LEN).contains(&value.len())
        && value.starts_with(|first: char| first.is_ascii_uppercase())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    formed(form, field, "3 to 8 of [A-Z0-9], a letter first")
}

/// Name of a station: 1 to 64 of `[a-z0-9-]`.
pub(super) fn station(value: &str, field: &str) -> Check {
    let form = (1..=MAX_STATION_LEN).contains(&value.len())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    formed(form, field, "1 to 64 of [a-z0-9-]")
}

pub(super) fn formed(holds: bool, field: &str, form: &str) -> Check {
    if holds {
        Ok(())
    } else {
        Err(Refusal::new(Reason::FieldFormat, field).with("form", form))
    }
}

pub(super) fn digest(value: &[u8], field: &str) -> Result<RecordDigest, Refusal> {
    required(!value.is_empty(), field)?;
    RecordDigest::try_from(value)
        .map_err(|_| Refusal::new(Reason::FieldFormat, field).with("form", "32 bytes"))
}

/// 32 bytes.
pub(super) fn hash(value: &[u8], field: &str) -> Check {
    required(!value.is_empty(), field)?;
    optional_hash(value, field)
}

/// 32 bytes or nothing.
pub(super) fn optional_hash(value: &[u8], field: &str) -> Check {
    formed(value.is_empty() || value.len() == 32, field, "32 bytes")
}

pub(super) fn ascending<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K, field: &str) -> Check {
    match items
        .windows(2)
        .position(|pair| key(&pair[0]) >= key(&pair[1]))
    {
        Some(position) => Err(Refusal::new(
            Reason::ListOrder,
            format!("{field}[{}]", position + 1),
        )),
        None => Ok(()),
    }
}

/// Checks each item of a list, with its position in the path.
pub(super) fn each<T>(items: &[T], field: &str, check: impl Fn(&T) -> Check) -> Check {
    items.iter().enumerate().try_for_each(|(position, item)| {
        check(item).map_err(|refusal| refusal.below(&format!("{field}[{position}]")))
    })
}

pub(super) fn fraction(value: Option<pb::Fraction>, field: &str) -> Check {
    let value = value.ok_or_else(|| Refusal::new(Reason::FieldRequired, field))?;
    let denominator = range(value.denominator, 1, MAX_FRACTION, "denominator");
    denominator.map_err(|refusal| refusal.below(field))?;
    let limit = usize::try_from(value.denominator).unwrap_or(MAX_FRACTION);
    at_most(value.numerator, limit, "numerator").map_err(|refusal| refusal.below(field))
}

pub(super) fn time_order(earlier: u64, later: u64, field: &str) -> Check {
    if later < earlier {
        return Err(Refusal::new(Reason::TimeOrder, field)
            .with("not_before_ms", earlier)
            .with("found_ms", later));
    }
    Ok(())
}
