// The table of what is recorded: who does what.
#include "instrument/runtime/coroutine.h"
#include "instrument/runtime/coroutine_hazard.h"
#include "instrument/runtime/exit.h"
#include "instrument/runtime/fork.h"
#include "instrument/runtime/gil.h"
#include "instrument/runtime/held_across.h"
#include "instrument/runtime/lock_order.h"
#include "instrument/runtime/locks.h"
#include "instrument/runtime/order_key.h"
#include "instrument/runtime/process_lock.h"
#include "instrument/runtime/process_semaphore.h"
#include "instrument/runtime/process_shadow.h"
#include "instrument/runtime/region.h"
#include "instrument/runtime/semaphore.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/task.h"
#include "instrument/runtime/thread_acts.h"
#include "instrument/runtime/variable.h"
#include "instrument/runtime/wait.h"
#include "lockcheck/shared_mutex.h"

namespace lockcheck::runtime {

// Table and internal both need the numbers of model::ObjectKind.
static_assert(static_cast<uint8_t>(LockKind::kMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kMutex));
static_assert(static_cast<uint8_t>(LockKind::kRecursiveTimedMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kRecursiveTimedMutex));
static_assert(static_cast<uint8_t>(LockKind::kSharedTimedMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kSharedTimedMutex));
static_assert(static_cast<uint8_t>(LockKind::kGil) ==
              static_cast<uint8_t>(model::ObjectKind::kGil));
static_assert(static_cast<uint8_t>(LockKind::kOnceFlag) ==
              static_cast<uint8_t>(model::ObjectKind::kOnceFlag));
static_assert(static_cast<uint8_t>(LockKind::kCoroutineMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kCoroutineMutex));
static_assert(static_cast<uint8_t>(LockKind::kCoroutineSharedMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kCoroutineSharedMutex));
static_assert(static_cast<uint8_t>(LockKind::kProcessMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kProcessMutex));
static_assert(static_cast<uint8_t>(LockKind::kProcessRecursiveMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kProcessRecursiveMutex));
static_assert(static_cast<uint8_t>(LockKind::kProcessSharedMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kProcessSharedMutex));
static_assert(static_cast<uint8_t>(How::kTry) ==
              static_cast<uint8_t>(model::How::kTry));
static_assert(static_cast<uint8_t>(How::kTimed) ==
              static_cast<uint8_t>(model::How::kTimed));
static_assert(static_cast<uint8_t>(How::kMulti) ==
              static_cast<uint8_t>(model::How::kMulti));

constinit Table g_own_table = {internal::kModeUnknown,
                               &DoAttach,
                               &DoLock,
                               &DoTaken,
                               &DoUnlock,
                               &DoSawWaiters,
                               &DoUnlockShared,
                               &DoDestroy,
                               &DoFork,
                               &DoBegin,
                               &DoJoinBlock,
                               &DoJoin,
                               &DoName,
                               &DoSelf,
                               &DoPrepareWait,
                               &DoQueuedWait,
                               &DoPost,
                               &DoTake,
                               &DoNoteMade,
                               &DoTryFailed,
                               &DoMisused,
                               &DoDestroyWaitQueue,
                               &DoAcquirePermit,
                               &DoReleasePermits,
                               &DoOverRelease,
                               &DoDestroySemaphore,
                               &DoBeginRegion,
                               &DoEndRegion,
                               &DoPassOnGil,
                               &DoForkTask,
                               &DoBeginTask,
                               &DoEndTask,
                               &DoTaskJoined,
                               &DoWorkFor,
                               &DoForkCoroutine,
                               &DoResumeCoroutine,
                               &DoSuspendCoroutine,
                               &DoEndCoroutine,
                               &DoLeaveCoroutines,
                               &DoCoroutineOwner,
                               &DoBeginCoroutineWait,
                               &DoIsCoroutineWaitToFail,
                               &DoCoroutinesAreLeft,
                               &DoEndCoroutineLockWait,
                               &DoBeginCoroutineSignalWait,
                               &DoEndCoroutineSignalWait,
                               &DoBeginCoroutineJoin,
                               &DoEndCoroutineJoin,
                               &DoTakenProcess,
                               &DoUnlockProcess,
                               &DoDestroyProcess,
                               &DoForked,
                               &DoEndProcess,
                               &DoTookPermit,
                               &DoProcessSignal,
                               &DoDestroyProcessObject,
                               &DoSiteOfAwait,
                               &DoEnterContext,
                               &DoExitContext,
                               &DoAcquireProcessPermit,
                               &DoReleaseProcessPermits,
                               &DoStopReading,
                               &DoForkPlace,
                               &DoForkRemoteTask,
                               &DoUnlockSharedProcess,
                               &DoOrderKey,
                               &DoDeclareOrder,
                               &DoAccess,
                               &DoKnowVariable,
                               &DoForgetVariable};

}  // namespace lockcheck::runtime
