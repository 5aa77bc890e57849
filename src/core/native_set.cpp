#include "core/native_set.hpp"

namespace eddy {

constexpr uint32_t kPageBits = 4096, kWordBits = 64, kFirstPages = 16;
constexpr size_t kPageSize = kPageBits / 8;

// What no system gives as a descriptor is in no set.
static bool counts(eddy_native_t native) { return native >= 0 && native <= INT32_MAX; }

static uint32_t page_number(eddy_native_t native) {
  return static_cast<uint32_t>(native) / kPageBits;
}

static uint32_t word_number(eddy_native_t native) {
  return static_cast<uint32_t>(native) % kPageBits / kWordBits;
}

static uint64_t bit_of(eddy_native_t native) {
  return uint64_t{1} << static_cast<uint32_t>(native) % kWordBits;
}

uint64_t *NativeSet::page_of(eddy_native_t native) const {
  return counts(native) && page_number(native) < page_count ? pages[page_number(native)] : nullptr;
}

bool NativeSet::has(eddy_native_t native) const {
  const uint64_t *page = page_of(native);
  return page && (page[word_number(native)] & bit_of(native));
}

static void *zeroed(const Memory &memory, size_t size) {
  void *bytes = memory.get(size);
  return bytes ? memset(bytes, 0, size) : nullptr;
}

bool NativeSet::add(const Memory &memory, eddy_native_t native) {
  if (!counts(native)) return true;
  uint32_t number = page_number(native);
  if (number >= page_count) {
    uint32_t wanted = page_count ? page_count : kFirstPages;
    while (wanted <= number) wanted *= 2;
    auto *grown = static_cast<uint64_t **>(zeroed(memory, wanted * sizeof *pages));
    if (!grown) return false;
    for (uint32_t i = 0; i < page_count; i++) grown[i] = pages[i];
    memory.put(pages, page_count * sizeof *pages);
    pages = grown;
    page_count = wanted;
  }
  uint64_t *&page = pages[number];
  if (!page) page = static_cast<uint64_t *>(zeroed(memory, kPageSize));
  if (page) page[word_number(native)] |= bit_of(native);
  return page != nullptr;
}

void NativeSet::remove(eddy_native_t native) {
  if (uint64_t *page = page_of(native)) page[word_number(native)] &= ~bit_of(native);
}

void NativeSet::destroy(const Memory &memory) {
  for (uint32_t i = 0; i < page_count; i++) memory.put(pages[i], kPageSize);
  memory.put(pages, page_count * sizeof *pages);
  pages = nullptr;
  page_count = 0;
}

} // namespace eddy
