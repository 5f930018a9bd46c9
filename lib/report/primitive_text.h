// The hotspots of particular primitives as text: tables of levels and permits,
// to stand under the tables of their group, and groups of their own for pools,
// the gil and joins. Each is empty if there is nothing to say.
#ifndef LOCKCHECK_LIB_REPORT_PRIMITIVE_TEXT_H_
#define LOCKCHECK_LIB_REPORT_PRIMITIVE_TEXT_H_

#include <span>
#include <string>

#include "lib/report/layout.h"
#include "lib/report/report.h"
#include "lib/report/text.h"

namespace lockcheck::report {

std::string LevelTable(std::span<const ClassRow* const> classes,
                       const TextOptions& options, const Painter& painter);
std::string PermitTable(std::span<const ClassRow* const> classes,
                        const TextOptions& options, const Painter& painter);
std::string GilText(const Report& report, const TextOptions& options,
                    const Painter& painter);
std::string PoolText(const Report& report, const TextOptions& options,
                     const Painter& painter);
std::string JoinText(const Report& report, const TextOptions& options,
                     const Painter& painter);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_PRIMITIVE_TEXT_H_
