// What `lockcheck dump` calls what a record says. Never null; what a newer log
// says and this reader does not know is said as that.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_DUMP_WORDS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_DUMP_WORDS_H_

#include "lib/log/format.h"
#include "lib/model/primitives.h"

namespace lockcheck::tools {

const char* Name(model::How how);
const char* Name(model::Post post);
const char* Name(model::Access access);
const char* Name(model::Outcome outcome);
const char* Name(log::BeginHow how);
const char* Name(log::StackReason reason);
const char* Name(log::NameTarget target);
const char* Name(log::NoteKind kind);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_DUMP_WORDS_H_
