// SessionLocker for C++17 and later: header-only, on top of sessionlocker.h.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Owners        store, engine, spec, migrations, locker, document and request own one handle each. They can be moved but
//               not copied, and destroyed in any order, also inside callbacks. Using one that was moved from, or whose
//               engine is gone, gives result_code::invalid_handle and never undefined behaviour.
// References    spec_ref, locker_ref and document_ref own nothing and may be copied at will; they go stale as handles do.
// Results       What can fail returns result<T>: a value, or a failure with code and text. Nothing here throws by
//               itself (memory that runs out apart), so the binding also works without exceptions. Where they are on,
//               result<T>::value() throws slk::exception.
// Callbacks     Any callable, also one that cannot be copied. What it throws never crosses the library: it becomes the
//               callback's result, and its text reaches the event and the log.
// Threads       As the C header says of each function. profiles and profile are for the thread that ticks.
//
// Begin with slk::profiles (sessionlocker/profile.hpp), the easy way, or with slk::engine for everything.
#ifndef SESSIONLOCKER_HPP
#define SESSIONLOCKER_HPP

#include "sessionlocker/result.hpp"

#include "sessionlocker/data.hpp"
#include "sessionlocker/engine.hpp"
#include "sessionlocker/enums.hpp"
#include "sessionlocker/event.hpp"
#include "sessionlocker/locker.hpp"
#include "sessionlocker/migrations.hpp"
#include "sessionlocker/profile.hpp"
#include "sessionlocker/spec.hpp"
#include "sessionlocker/store.hpp"

#endif
