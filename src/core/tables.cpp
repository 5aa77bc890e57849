// The two tables: where the rows of all families are.
#include "core/handles.hpp"
#include "core/kinds.hpp"

namespace eddy {

#define EDDY_ROW(name, lane) &kind_##name,
constinit const KindRow *const kinds[] = {EDDY_KINDS(EDDY_ROW)};
#undef EDDY_ROW

#define EDDY_ROW(name) , &handle_##name
constinit const HandleRow *const handles[] = {nullptr EDDY_HANDLES(EDDY_ROW)};
#undef EDDY_ROW

} // namespace eddy
