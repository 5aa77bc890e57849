// What all handles have in common. These look at closed ones too, whose memory is kept.
#include "core/failure.hpp"
#include "core/source.hpp"

namespace eddy {

constinit const KindRow kind_close = {};
constinit const KindRow kind_release = {.offers = true};

} // namespace eddy

using namespace eddy;

static const Source *source_of(const eddy_handle_t *handle) {
  return reinterpret_cast<const Source *>(handle);
}

extern "C" {

uint32_t eddy_handle_generation(const eddy_handle_t *handle) {
  const Source *source = source_of(handle);
  return source && source->kind != SourceKind::none && !source->closed ? source->generation : 0;
}

eddy_loop_t *eddy_handle_loop(const eddy_handle_t *handle) {
  return handle ? source_of(handle)->loop : nullptr;
}

void eddy_handle_set_data(eddy_handle_t *handle, void *data) {
  require(handle != nullptr, "null handle");
  reinterpret_cast<Source *>(handle)->data = data;
}

void *eddy_handle_data(const eddy_handle_t *handle) {
  return handle ? source_of(handle)->data : nullptr;
}

} // extern "C"
