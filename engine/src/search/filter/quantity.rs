//! Conditions on numbers: `dur<5`, `ch=2`, `rate>=96k`, `dur=1m30s..2m`.

use super::Facts;

/// A number longer than this is refused: it could not be told from its neighbours.
const MAX_DIGITS: usize = 12;

/// What a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    DurationS,
    Channels,
    SampleRateHz,
}

/// A quantity and the interval in which it must lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition {
    quantity: Quantity,
    low: Bound,
    high: Bound,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    Open,
    Including(f64),
    Excluding(f64),
}

/// A number as written: its value, and half a unit of its last digit.
#[derive(Clone, Copy, Debug)]
struct Number {
    value: f64,
    half_unit: f64,
}

/// What is wrong, and how many bytes into the text.
type Problem = (usize, String);

impl Quantity {
    /// `dur`, `ch` or `rate`, in any case.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "dur" => Some(Self::DurationS),
            "ch" => Some(Self::Channels),
            "rate" => Some(Self::SampleRateHz),
            _ => None,
        }
    }

    /// Units in descending order with their factors; the empty one is that of a bare number.
    fn units(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::DurationS => &[("h", 3600.0), ("m", 60.0), ("s", 1.0), ("", 1.0), ("ms", 0.001)],
            Self::Channels => &[("", 1.0)],
            Self::SampleRateHz => &[("khz", 1000.0), ("k", 1000.0), ("hz", 1.0), ("", 1.0)],
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::DurationS => "expected a duration such as 5, 2.5, 500ms or 1m30s, or a range such as 1..3",
            Self::Channels => "expected a number of channels such as 2, or a range such as 1..2",
            Self::SampleRateHz => {
                "expected a sample rate such as 96000, 96k or 44.1k, or a range such as 44.1k..48k"
            }
        }
    }
}

impl Condition {
    /// Reads what follows the quantity's name: an operator, then a number or, after `=`, a range.
    pub(super) fn parse(quantity: Quantity, text: &str) -> Result<Self, Problem> {
        let operator = ["<=", ">=", "<", ">", "="].into_iter().find(|operator| text.starts_with(operator));
        let Some(operator) = operator else { return Err((0, "expected <, <=, =, >= or >".to_owned())) };
        let at = operator.len();
        let operand = &text[at..];
        let (low, high) = match (operator, operand.split_once("..")) {
            ("=", Some((low, high))) => {
                range(quantity, low, high).map_err(|(offset, why)| (at + offset, why))?
            }
            (_, Some(_)) => return Err((at, format!("a range goes with '=' only; {}", quantity.expected()))),
            (_, None) => {
                let Number { value, half_unit } =
                    number(quantity, operand).map_err(|(offset, why)| (at + offset, why))?;
                match operator {
                    "<" => (Bound::Open, Bound::Excluding(value)),
                    "<=" => (Bound::Open, Bound::Including(value)),
                    ">" => (Bound::Excluding(value), Bound::Open),
                    ">=" => (Bound::Including(value), Bound::Open),
                    _ => (Bound::Including(value - half_unit), Bound::Excluding(value + half_unit)),
                }
            }
        };
        Ok(Self { quantity, low, high })
    }

    /// Whether the sound's quantity lies in the interval; a NaN never does.
    pub(super) fn holds(&self, facts: &Facts<'_>) -> bool {
        let value = match self.quantity {
            Quantity::DurationS => facts.duration_s,
            Quantity::Channels => f64::from(facts.channels),
            Quantity::SampleRateHz => f64::from(facts.sample_rate_hz),
        };
        let above = match self.low {
            Bound::Open => true,
            Bound::Including(low) => value >= low,
            Bound::Excluding(low) => value > low,
        };
        let below = match self.high {
            Bound::Open => true,
            Bound::Including(high) => value <= high,
            Bound::Excluding(high) => value < high,
        };
        above && below && !value.is_nan()
    }
}

/// `1..3`, `1..` or `..3`.
fn range(quantity: Quantity, low: &str, high: &str) -> Result<(Bound, Bound), Problem> {
    let high_at = low.len() + 2;
    if low.is_empty() && high.is_empty() {
        return Err((0, quantity.expected().to_owned()));
    }
    let end = |text: &str, at: usize| match text {
        "" => Ok(None),
        _ => number(quantity, text)
            .map(|number| Some(number.value))
            .map_err(|(offset, why)| (at + offset, why)),
    };
    let bound = |value: Option<f64>| value.map_or(Bound::Open, Bound::Including);
    let (low, high) = (end(low, 0)?, end(high, high_at)?);
    if low.zip(high).is_some_and(|(low, high)| low > high) {
        return Err((high_at, "expected the greater end of the range here".to_owned()));
    }
    Ok((bound(low), bound(high)))
}

/// A number with its units, which descend: `5`, `.5`, `44.1k`, `1m30s`, `1h2m3s4ms`.
fn number(quantity: Quantity, text: &str) -> Result<Number, Problem> {
    let expected = |at: usize| (at, quantity.expected().to_owned());
    let mut sum = Number { value: 0.0, half_unit: 0.0 };
    let mut at = 0;
    let mut units = quantity.units();
    loop {
        let rest = &text[at..];
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (figures, rest) = rest.split_at(digits);
        let value: f64 = match figures.parse() {
            Ok(value) if digits <= MAX_DIGITS => value,
            _ => return Err(expected(at)),
        };
        let unit = &rest[..rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len())];
        let Some(index) = units.iter().position(|(name, _)| unit.eq_ignore_ascii_case(name)) else {
            return Err(expected(at + digits));
        };
        let factor = units[index].1;
        let decimals = figures.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        if quantity == Quantity::Channels && decimals > 0 {
            return Err(expected(at));
        }
        sum.value += value * factor;
        sum.half_unit = 0.5 * factor * 10f64.powi(-(decimals as i32));
        // Only smaller units may follow.
        units = &units[index + 1..];
        at += digits + unit.len();
        if at == text.len() {
            return Ok(sum);
        }
    }
}
