// Records reads and writes of variables; see lockcheck/internal/variable.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_VARIABLE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_VARIABLE_H_

#include "lockcheck/internal/variable.h"

namespace lockcheck::runtime {

// Of the table.
void DoAccess(internal::VariableState& variable,
              const internal::AccessFacts& facts, internal::SiteSlot* slot,
              internal::Caller caller);
// Null: there is no room for another one, or what it is called is just being
// written down. `where`: of the first access since it was forgotten, if it was,
// which its name and place are taken from.
internal::KnownVariable* DoKnowVariable(const volatile void* address,
                                        const char* name,
                                        source_location where);
// Null: nobody has accessed it.
internal::KnownVariable* DoFindVariable(const volatile void* address);
void DoForgetVariable(const volatile void* address);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_VARIABLE_H_
