#include "lib/analysis/role.h"

namespace lockcheck::analysis {

using model::Stock;
using model::WaitRule;

Role RoleOf(model::ObjectKind kind, bool held, uint32_t initial) {
  const model::Primitive& row = model::PrimitiveOf(kind);
  if (row.data) return Role::kData;
  if (row.stock == Stock::kOutstanding) return Role::kOutstanding;
  if (row.outside) return Role::kUnknown;
  if (!model::EndsByAnybody(kind)) return Role::kLock;
  if (held) {
    return row.exclusive_hold && initial == 1 ? Role::kLock : Role::kPermits;
  }
  if (row.wait_rule == WaitRule::kAll) return Role::kAllArrive;
  switch (row.stock) {
    case Stock::kNothing:
      return Role::kCondition;
    case Stock::kFlag:
      return Role::kFlag;
    case Stock::kCount:
      return Role::kUnits;
    case Stock::kOutstanding:
      return Role::kOutstanding;
  }
  return Role::kUnknown;
}

}  // namespace lockcheck::analysis
