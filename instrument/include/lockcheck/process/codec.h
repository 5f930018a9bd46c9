// process::codec<T>: how a T becomes bytes that another process makes a T of.
//
// There is one for every trivially copyable T, for std::basic_string and for
// std::vector of trivially copyable elements, and for whatever has a
// process::serializer (process/serialize.h), as pairs of such have. That takes
// an allocation for each; a program may specialize it for its own types:
//
//   template <>
//   struct lockcheck::process::codec<Order> {
//     // How many bytes write() needs; at most these, if it varies.
//     static size_t size(const Order& order);
//     // `to` has size() bytes. Returns how many it has written.
//     static size_t write(const Order& order, std::byte* to);
//     // What write() has written, and no more.
//     static Order read(const std::byte* from, size_t size);
//     // The size of every one, or 0: they differ.
//     static constexpr size_t fixed_size = 0;
//   };
//
// The bytes lie at addresses that are multiples of 8. Whoever reads them trusts
// who has written them: both are the same program, or two that share their
// types. A trivially copyable type that has a pointer in it arrives with the
// pointer. Threading: write() and read() are run by the one who puts or gets.
#ifndef LOCKCHECK_PROCESS_CODEC_H_
#define LOCKCHECK_PROCESS_CODEC_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "lockcheck/internal/abi.h"
#include "lockcheck/process/serialize.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace process {

template <typename T>
struct codec {
  static_assert(serializable<T>, "lockcheck: no codec, and no serializer");

  static constexpr size_t fixed_size = 0;
  static size_t size(const T& item) { return Bytes(item).size(); }
  static size_t write(const T& item, std::byte* to) {
    const std::string bytes = Bytes(item);
    std::memcpy(to, bytes.data(), bytes.size());
    return bytes.size();
  }
  static T read(const std::byte* from, size_t size) {
    byte_reader in({reinterpret_cast<const char*>(from), size});
    return in.read<T>();
  }

 private:
  static std::string Bytes(const T& item) {
    byte_writer out;
    out.write(item);
    return out.take();
  }
};

template <typename T>
requires std::is_trivially_copyable_v<T>
struct codec<T> {
  static constexpr size_t fixed_size = sizeof(T);
  static constexpr size_t size(const T&) { return sizeof(T); }
  static size_t write(const T& item, std::byte* to) {
    std::memcpy(to, &item, sizeof(T));
    return sizeof(T);
  }
  static T read(const std::byte* from, size_t) {
    // T need have no constructor without arguments.
    std::array<std::byte, sizeof(T)> bytes;
    std::memcpy(bytes.data(), from, sizeof(T));
    return std::bit_cast<T>(bytes);
  }
};

}  // namespace process

namespace internal {

// Of one that has its elements in a row.
template <typename Row>
struct RowCodec {
  using Element = typename Row::value_type;
  static_assert(std::is_trivially_copyable_v<Element>);

  static constexpr size_t fixed_size = 0;
  static size_t size(const Row& row) { return row.size() * sizeof(Element); }
  static size_t write(const Row& row, std::byte* to) {
    if (!row.empty()) std::memcpy(to, row.data(), size(row));
    return size(row);
  }
  static Row read(const std::byte* from, size_t size) {
    Row row(size / sizeof(Element), Element());
    if (size != 0) std::memcpy(row.data(), from, size);
    return row;
  }
};

}  // namespace internal

namespace process {

template <typename Char, typename Traits, typename Allocator>
struct codec<std::basic_string<Char, Traits, Allocator>>
    : internal::RowCodec<std::basic_string<Char, Traits, Allocator>> {};

template <typename T, typename Allocator>
requires(std::is_trivially_copyable_v<T> &&
         !std::is_same_v<T, bool>) struct codec<std::vector<T, Allocator>>
    : internal::RowCodec<std::vector<T, Allocator>> {
};

}  // namespace process
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_PROCESS_CODEC_H_
