#include "lib/report/order_rows.h"

namespace lockcheck::report {

void FillOrders(const analysis::Finding& finding,
                const log::Recording& recording, Naming& naming,
                SiteTable& sites, FindingRow& row) {
  for (const uint32_t declaration : finding.declared) {
    const log::DeclaredOrder& order = recording.declared_orders[declaration];
    DeclaredRow& declared = row.declared.emplace_back();
    declared.first = naming.Object(order.first);
    declared.second = naming.Object(order.second);
    declared.site = sites.Row(order.site);
  }
  for (const analysis::OrderingStep& step : finding.ordered_by) {
    OrderingRow& ordering = row.ordered_by.emplace_back();
    ordering.actor = naming.Actor(step.actor);
    ordering.other = naming.Actor(step.other);
    ordering.act = step.act;
    ordering.object = naming.Object(step.object);
    ordering.site = sites.Row(step.site);
  }
  row.earlier_part = finding.earlier_part;
  row.later_part = finding.later_part;
}

}  // namespace lockcheck::report
