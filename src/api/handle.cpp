// What all handles have in common. These look at closed ones too, whose memory is kept.
#include "core/loop.hpp"

namespace eddy {

constinit const KindRow kind_close = {};
constinit const KindRow kind_release = {.offers = true};

} // namespace eddy

using namespace eddy;

static const Source *source_of(const eddy_handle_t *handle) {
  return reinterpret_cast<const Source *>(handle);
}

static_assert(EDDY_HANDLE_STREAM == static_cast<int>(SourceKind::stream) &&
              EDDY_HANDLE_LISTENER == static_cast<int>(SourceKind::listener) &&
              EDDY_HANDLE_FD == static_cast<int>(SourceKind::fd) &&
              EDDY_HANDLE_POOL == static_cast<int>(SourceKind::pool));

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

uint32_t eddy_handle_kind(const eddy_handle_t *handle) {
  return handle ? static_cast<uint32_t>(source_of(handle)->kind) : 0;
}

const char *eddy_handle_kind_name(uint32_t kind) {
  return kind > 0 && kind < kHandles ? handle_names[kind] : nullptr;
}

int eddy_handle_closing(const eddy_handle_t *handle) {
  const Source *source = source_of(handle);
  return source && (is_closing(*source) || source->kind == kGone);
}

int eddy_handle_close(eddy_handle_t *handle, eddy_op_t *op, eddy_cb cb) {
  Source *source = reinterpret_cast<Source *>(handle);
  if (!source || source->magic != kHandleMagic || source->kind == kGone) [[unlikely]]
    handle_refused(source, kGone, __func__);
  check_thread(*source->loop);
  return source_close_call(*source, op, cb);
}

} // extern "C"
