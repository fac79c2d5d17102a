//! The lease, checked where a request leaves the process.
//!
//! Between a decision and its request a laptop may sleep, a process may be frozen and a connection may
//! take its time. So the term is compared with the clocks when the connection asks for the request's
//! body: without a body no service carries a request out.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body::{Body, Frame, SizeHint};
use time::Duration;

use crate::clock;
use crate::lease::Term;

/// Stands between the holder of a lease and the services.
#[derive(Clone, Debug)]
pub struct Fence(Arc<State>);

#[derive(Debug)]
struct State {
    term: Mutex<Term>,
    /// Calls that were sent and have no answer. Each may still take effect. News do not count.
    unanswered: AtomicUsize,
    /// It is not known whether a call took effect, though there was an answer.
    is_unknown: AtomicBool,
    /// Certificates that were imported and are not recorded. Until they are, only ACM's indexes tell of them,
    /// which lag behind.
    unrecorded: AtomicUsize,
}

impl Fence {
    /// Lets calls pass until the end of `term`.
    pub(super) fn new(term: Term) -> Self {
        Self(Arc::new(State {
            term: Mutex::new(term),
            unanswered: AtomicUsize::new(0),
            is_unknown: AtomicBool::new(false),
            unrecorded: AtomicUsize::new(0),
        }))
    }

    /// The lease was extended.
    pub(super) fn extend(&self, term: Term) {
        *self.0.term.lock().unwrap_or_else(PoisonError::into_inner) = term;
    }

    /// How long calls will still pass.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        let term = *self.0.term.lock().unwrap_or_else(PoisonError::into_inner);
        term.left(clock::now())
    }

    /// Something that was sent may still take effect, did without our knowing, or cannot be found by the next
    /// worker yet: the lease must stay shut until that has settled.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        // Relaxed is enough, here and below: the runtime has one thread.
        self.0.unanswered.load(Ordering::Relaxed) > 0
            || self.0.is_unknown.load(Ordering::Relaxed)
            || self.0.unrecorded.load(Ordering::Relaxed) > 0
    }

    /// A certificate was imported; its record has to follow.
    pub fn owes_record(&self) {
        self.0.unrecorded.fetch_add(1, Ordering::Relaxed);
    }

    /// A certificate that was imported is recorded.
    pub fn has_recorded(&self) {
        self.0.unrecorded.fetch_sub(1, Ordering::Relaxed);
    }

    /// The answer does not tell whether the call took effect.
    pub(super) fn effect_is_unknown(&self) {
        self.0.is_unknown.store(true, Ordering::Relaxed);
    }

    /// For one call. As an interceptor it goes with the call's requests.
    pub(super) fn pass(&self) -> Pass {
        Pass {
            fence: self.clone(),
            is_sent: Arc::default(),
            may_come_late: false,
        }
    }

    /// The same for a call that does no harm where it takes effect beside another worker's: what is written
    /// for people.
    pub(super) fn pass_for_news(&self) -> Pass {
        Pass {
            may_come_late: true,
            ..self.pass()
        }
    }
}

/// One call's way through the fence.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    fence: Fence,
    is_sent: Arc<AtomicBool>,
    may_come_late: bool,
}

impl Pass {
    /// The current attempt has left the process.
    pub(super) fn is_sent(&self) -> bool {
        self.is_sent.load(Ordering::Relaxed)
    }

    /// The current attempt has an answer, whatever it says.
    pub(super) fn answered(&self) {
        if self.is_sent() && !self.may_come_late {
            self.fence.0.unanswered.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn send(&self) -> Result<(), LeaseEnded> {
        // Later parts of a body pass: cut off in the middle, the effect would be unknown.
        if self.is_sent() {
            return Ok(());
        }
        if self.fence.time_left().is_zero() {
            return Err(LeaseEnded);
        }
        self.is_sent.store(true, Ordering::Relaxed);
        // Counted before the body leaves: if the caller stops waiting, this call is dropped, and the count stays.
        if !self.may_come_late {
            self.fence.0.unanswered.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[dyn_dispatch_hint]
impl Intercept for Pass {
    fn name(&self) -> &'static str {
        "Pass"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A new attempt. An earlier one without an answer stays counted: it may take effect after the next
        // worker's calls (model/tests/rules.rs shows it).
        self.is_sent.store(false, Ordering::Relaxed);
        context.request_mut().add_extension(self.clone());
        Ok(())
    }
}

/// The lease ended before the request was sent. The service never saw it.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeaseEnded;

impl LeaseEnded {
    /// It is what stands behind `error`.
    pub(super) fn is_behind(error: &(dyn Error + 'static)) -> bool {
        let mut reason = Some(error);
        while let Some(error) = reason {
            if error.is::<Self>() {
                return true;
            }
            reason = error.source();
        }
        false
    }
}

impl fmt::Display for LeaseEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lease ended before the request was sent")
    }
}

impl Error for LeaseEnded {}

/// A request's body behind the fence.
pub(super) struct Fenced {
    body: SdkBody,
    pass: Option<Pass>,
}

impl Fenced {
    /// `pass` is `None` for a call that needs no lease.
    pub(super) fn new(body: SdkBody, pass: Option<Pass>) -> Self {
        Self { body, pass }
    }
}

impl Body for Fenced {
    type Data = <SdkBody as Body>::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Some(pass) = &self.pass {
            pass.send()?;
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame)
    }

    // hyper does not ask for an empty body, so a call without one is not checked. All calls that take a pass
    // have a body.
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
