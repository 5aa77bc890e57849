#include "moves.h"

#include "api/pool.hpp"
#include "api/stream.hpp"
#include "core/workers.hpp"

#include <moves.hpp>

using namespace eddy;

static const MachineSeen machines[] = {seen_of<kOpMachine>(), seen_of<kHandleMachine>(),
                                       seen_of<kStreamMachine>(), seen_of<kReaderMachine>(),
                                       seen_of<kJobMachine>()};

extern "C" {

void moves_add(struct moves *all) {
  unsigned char(*made)[8] = all->made;
  for (const MachineSeen &machine : machines) {
    for (size_t from = 0; from < machine.count; from++) (*made)[from] |= machine.made[from].load();
    made++;
  }
}

int moves_report(const struct moves *all) {
  if (!kMovesChecked) return 0;
  int missing = 0;
  const unsigned char(*made)[8] = all->made;
  for (const MachineSeen &machine : machines) missing += moves_tell(machine, *made++);
  return missing;
}

} // extern "C"
