// Which actors a log has, for who asks for one that it has not.
#ifndef LOCKCHECK_TOOLS_LOCKCHECK_ACTOR_IDS_H_
#define LOCKCHECK_TOOLS_LOCKCHECK_ACTOR_IDS_H_

#include <cstdint>
#include <set>
#include <string>

namespace lockcheck::tools {

// "there is no A99; did you mean A9? There are 12 actors, A1 to A12". The
// nearest in spelling, for that is how one is mistaken. No full stop.
std::string NoSuchActor(uint32_t actor, const std::set<uint32_t>& ids);

}  // namespace lockcheck::tools

#endif  // LOCKCHECK_TOOLS_LOCKCHECK_ACTOR_IDS_H_
