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

#define EDDY_NAME(name, lane) #name,
constinit const char *const kind_names[] = {EDDY_KINDS(EDDY_NAME)};
#undef EDDY_NAME

#define EDDY_NAME(name) , #name
constinit const char *const handle_names[] = {"closed" EDDY_HANDLES(EDDY_NAME)};
#undef EDDY_NAME

} // namespace eddy
