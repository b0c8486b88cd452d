//! Metrics as documented structs: the doc comment of a field is its HELP text.

use prometheus::{Registry, core::Collector};

/// Declares a struct of metrics. Each field gives its name, its labels if it has any and its buckets if it is a histogram;
/// the first line of its doc comment becomes the HELP text.
///
/// ```
/// shared::metrics! {
///     /// An example.
///     pub struct Example {
///         /// Things done.
///         pub done: IntCounter = "example_done_total",
///         /// Things refused.
///         pub refused: IntCounterVec = "example_refused_total" { "reason" },
///         /// Time a thing took, in seconds.
///         pub took: Histogram = "example_took_seconds" [0.1, 1.0],
///     }
/// }
/// let registry = prometheus::Registry::new();
/// let example = Example::register(&registry)?;
/// example.done.inc();
/// example.refused.with_label_values(&["late"]).inc();
/// assert_eq!(registry.gather().len(), 3);
/// # Ok::<(), prometheus::Error>(())
/// ```
#[macro_export]
macro_rules! metrics {
    (
        $(#[$about:meta])*
        $visibility:vis struct $name:ident {
            $(
                #[doc = $help:literal]
                $(#[doc = $more:literal])*
                $field_visibility:vis $field:ident : $kind:ident = $metric:literal
                    $({ $($label:literal),+ })? $([ $($bucket:expr),+ $(,)? ])?
            ),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone)]
        $visibility struct $name {
            $(
                #[doc = $help]
                $(#[doc = $more])*
                $field_visibility $field: $crate::telemetry::prometheus::$kind,
            )+
        }

        impl $name {
            /// Makes the metrics and adds them to `registry`.
            $visibility fn register(
                registry: &$crate::telemetry::prometheus::Registry,
            ) -> Result<Self, $crate::telemetry::prometheus::Error> {
                Ok(Self {
                    $($field: $crate::telemetry::register(
                        registry,
                        $crate::metrics!(@make $kind, $metric, $help, [$($($label),+)?], [$($($bucket),+)?])?,
                    )?,)+
                })
            }
        }
    };
    (@make Histogram, $metric:literal, $help:literal, [], [$($bucket:expr),+]) => {
        $crate::telemetry::prometheus::Histogram::with_opts(
            $crate::telemetry::prometheus::HistogramOpts::new($metric, $help.trim()).buckets(vec![$($bucket),+]),
        )
    };
    (@make HistogramVec, $metric:literal, $help:literal, [$($label:literal),+], [$($bucket:expr),+]) => {
        $crate::telemetry::prometheus::HistogramVec::new(
            $crate::telemetry::prometheus::HistogramOpts::new($metric, $help.trim()).buckets(vec![$($bucket),+]),
            &[$($label),+],
        )
    };
    (@make $kind:ident, $metric:literal, $help:literal, [], []) => {
        $crate::telemetry::prometheus::$kind::new($metric, $help.trim())
    };
    (@make $kind:ident, $metric:literal, $help:literal, [$($label:literal),+], []) => {
        $crate::telemetry::prometheus::$kind::new(
            $crate::telemetry::prometheus::Opts::new($metric, $help.trim()),
            &[$($label),+],
        )
    };
}

/// Adds `metric` to `registry` and gives it back.
pub fn register<M: Collector + Clone + 'static>(registry: &Registry, metric: M) -> prometheus::Result<M> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
