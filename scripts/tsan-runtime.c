// Tells Thread Sanitizer of two orders that Swift's runtime keeps and does not tell it of: what it calls races then are
// none. The functions stand in for the runtime's, by LD_PRELOAD, and call them.
//
// * A Mutex that is free is taken by an atomic operation in the code that uses it, which is instrumented. One that is not
//   is waited for in libswiftSynchronization, which is not, and handed over by the kernel (FUTEX_LOCK_PI).
// * Whoever resumes a continuation does so before its task goes on. The runtime notes that (it releases the task), and looks
//   at the note when it runs the task again, which it need not where the task was resumed before it waited. Compiled code
//   calls swift_task_dealloc when it comes back from whatever it awaited: a good place to look.
//
// Two threads that append to an array in a Mutex, and a task that is resumed from another thread while it sleeps before it
// waits, show them: a report without this, none with it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define DEALLOC "swift_task_dealloc"

#define METHOD __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

// They are missing in programs that have no sanitizer, or no Swift, and that a test starts.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);
__attribute__((weak)) METHOD void *swift_task_getCurrent(void);

METHOD void lock(uint32_t thread, SELF) __asm__(LOCK);
METHOD void unlock(SELF) __asm__(UNLOCK);
METHOD void dealloc(void *memory) __asm__(DEALLOC);

static METHOD void (*runtime_lock)(uint32_t thread, SELF);
static METHOD void (*runtime_unlock)(SELF);
static METHOD void (*runtime_dealloc)(void *memory);

__attribute__((constructor)) static void find_runtime(void) {
    *(void **)&runtime_lock = dlsym(RTLD_NEXT, LOCK);
    *(void **)&runtime_unlock = dlsym(RTLD_NEXT, UNLOCK);
    *(void **)&runtime_dealloc = dlsym(RTLD_NEXT, DEALLOC);
}

METHOD void lock(uint32_t thread, SELF) {
    runtime_lock(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

METHOD void unlock(SELF) {
    if (__tsan_release) __tsan_release(self);
    runtime_unlock(self);
}

METHOD void dealloc(void *memory) {
    runtime_dealloc(memory);
    if (__tsan_acquire) __tsan_acquire(swift_task_getCurrent());
}
