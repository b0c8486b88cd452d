//! Every answer the edge gives: a closed set, so that each has a metric of its own.

use actix_web::{HttpResponse, HttpResponseBuilder, http::StatusCode, http::header};
use shared::{queue::PublishError, signature::Rejection};

/// How long a sender should wait after a 503. Svix takes it as a hint at most.
const RETRY_AFTER_SECONDS: &str = "5";

/// What became of one request to the webhook endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The event is durable.
    Accepted,
    /// The sender's address is not on the allow-list.
    SourceNotAllowed,
    /// The request is not believed.
    Rejected(Rejection),
    /// The body broke off or was not transferred correctly.
    BodyUnreadable,
    /// The body did not arrive in time.
    BodyTimeout,
    /// The body is over the limit.
    BodyTooLarge,
    /// The method is not POST.
    MethodNotAllowed,
    /// There is nothing at this path.
    NotFound,
    /// No connection to the queue.
    QueueUnavailable,
    /// The broker takes no messages now.
    QueueBlocked,
    /// The queue refused the delivery.
    QueueRefused,
    /// The queue did not confirm in time.
    QueueTimeout,
    /// Too many deliveries are in flight, or their bodies take too much memory.
    Overloaded,
}

impl Answer {
    /// Every answer, for metrics that start at zero.
    pub(crate) const ALL: [Self; 24] = {
        use Rejection::*;
        [
            Self::Accepted,
            Self::SourceNotAllowed,
            Self::Rejected(IdMissing),
            Self::Rejected(IdDuplicated),
            Self::Rejected(IdInvalid),
            Self::Rejected(TimestampMissing),
            Self::Rejected(TimestampDuplicated),
            Self::Rejected(TimestampInvalid),
            Self::Rejected(TimestampTooOld),
            Self::Rejected(TimestampTooNew),
            Self::Rejected(SignatureMissing),
            Self::Rejected(SignatureDuplicated),
            Self::Rejected(SignatureInvalid),
            Self::Rejected(SignatureMismatch),
            Self::BodyUnreadable,
            Self::BodyTimeout,
            Self::BodyTooLarge,
            Self::MethodNotAllowed,
            Self::NotFound,
            Self::QueueUnavailable,
            Self::QueueBlocked,
            Self::QueueRefused,
            Self::QueueTimeout,
            Self::Overloaded,
        ]
    };

    /// The code in the body and the metric's `outcome`.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::SourceNotAllowed => "source_not_allowed",
            Self::Rejected(rejection) => rejection.code(),
            Self::BodyUnreadable => "body_unreadable",
            Self::BodyTimeout => "body_timeout",
            Self::BodyTooLarge => "body_too_large",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotFound => "not_found",
            Self::QueueUnavailable => "queue_unavailable",
            Self::QueueBlocked => "queue_blocked",
            Self::QueueRefused => "queue_refused",
            Self::QueueTimeout => "queue_timeout",
            Self::Overloaded => "overloaded",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Accepted => StatusCode::OK,
            Self::SourceNotAllowed => StatusCode::FORBIDDEN,
            Self::Rejected(_) | Self::BodyUnreadable => StatusCode::BAD_REQUEST,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::QueueUnavailable
            | Self::QueueBlocked
            | Self::QueueRefused
            | Self::QueueTimeout
            | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(crate) fn into_response(self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status());
        response.insert_header((header::CONTENT_TYPE, "application/json"));
        match self {
            Self::Accepted => return response.body("{}"),
            // What is left of the body would have to be read to use the connection again.
            Self::BodyUnreadable | Self::BodyTimeout | Self::BodyTooLarge => {
                response.force_close();
            }
            Self::MethodNotAllowed => {
                response.insert_header((header::ALLOW, "POST"));
            }
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => {
                response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
            }
            _ => {}
        }
        response.body(format!(r#"{{"error":"{}"}}"#, self.code()))
    }
}

impl From<Rejection> for Answer {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<PublishError> for Answer {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Unavailable => Self::QueueUnavailable,
            PublishError::Blocked => Self::QueueBlocked,
            PublishError::Overloaded => Self::Overloaded,
            PublishError::TimedOut => Self::QueueTimeout,
            PublishError::Refused(_) => Self::QueueRefused,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_answer_has_a_code_of_its_own() {
        let codes: HashSet<_> = Answer::ALL.iter().map(|answer| answer.code()).collect();
        assert_eq!(codes.len(), Answer::ALL.len());
    }
}
