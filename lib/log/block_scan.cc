#include "lib/log/block_scan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lib/log/declared_order.h"

namespace lockcheck::log {

void IdSet::AddSlow(uint32_t id) {
  if (id >= kShortObjects) {
    const uint32_t in_page = id % kPageIds;
    pages_[id / kPageIds][in_page >> 6] |= uint64_t{1} << (in_page & 63);
    return;
  }
  bits_.resize(std::bit_ceil(id / 64 + 1));
  Add(id);
}

void IdSet::Merge(const IdSet& other) {
  if (bits_.size() < other.bits_.size()) bits_.resize(other.bits_.size());
  for (size_t i = 0; i < other.bits_.size(); ++i) bits_[i] |= other.bits_[i];
  for (const auto& [page, bits] : other.pages_) {
    auto& mine = pages_[page];
    for (size_t i = 0; i < bits.size(); ++i) mine[i] |= bits[i];
  }
}

void Usage::Merge(const Usage& other) {
  for (const auto& [process, ids] : other.objects) objects[process].Merge(ids);
  sites.Merge(other.sites);
}

namespace {

// Remembers what one segment says.
class ScanVisitor : public RecordVisitor {
 public:
  ScanVisitor(Usage& usage, Findings& found) : usage_(usage), found_(found) {}

  const SegmentHeader& segment() const { return segment_; }
  bool begun() const { return begun_; }
  void StartSegment() { begun_ = false; }

  void OnSegment(const SegmentHeader& h) {
    begun_ = true;
    segment_ = h;
    objects_ = &usage_.objects[h.process];
    for (size_t i = 0; i < h.held_count(); ++i) {
      Use(h.HeldAt(i).object, h.HeldAt(i).site);
    }
    Calibrate(h.ticks, h.monotonic_ns);
  }
  void OnSection(uint32_t object, uint32_t site) { Use(object, site); }
  void OnSection(const AcquireRecord& a, const ReleaseRecord& r) {
    OnAcquire(a);
    if (r.timed) Stamp(r.end_ticks);
  }
  void OnAcquire(const AcquireRecord& a) {
    Use(a.object, a.site);
    if (a.timed) Stamp(a.start_ticks);
  }
  void OnRelease(const ReleaseRecord& r) {
    if (r.timed) Stamp(r.end_ticks);
  }
  void OnReleasedByOther(uint32_t object) { objects_->Add(object); }
  void OnPost(const PostRecord& p) { Use(p.object, p.site); }
  void OnTake(const TakeRecord& t) { Use(t.object, t.site); }
  void OnAccess(const AccessRecord& a) { Use(a.object, a.site); }
  void OnSawWaiters(uint32_t object, uint64_t ticks) {
    objects_->Add(object);
    Stamp(ticks);
  }
  void OnTryFailed(uint32_t object, uint32_t site, model::How) {
    Use(object, site);
  }
  void OnBlock(const BlockRecord& b) {
    if (!b.join) objects_->Add(b.object);
    usage_.sites.Add(b.site);
    usage_.sites.Add(b.owner_site);
    Stamp(b.ticks);
  }
  void OnWake(uint32_t, uint32_t owner_site, uint64_t ticks) {
    usage_.sites.Add(owner_site);
    Stamp(ticks);
  }
  void OnUnblock(model::Outcome, uint64_t ticks) { Stamp(ticks); }
  void OnFork(uint32_t, uint64_t ticks) { Stamp(ticks); }
  void OnBegin(BeginHow how, uint32_t parent, uint32_t tid, uint64_t ticks) {
    if (how > BeginHow::kCoroutine) how = BeginHow::kForeign;
    found_.begins.push_back({segment_.actor, parent, tid, how, ticks});
    Stamp(ticks);
  }
  void OnJoin(uint32_t, uint64_t ticks) { Stamp(ticks); }
  void OnEnd(uint64_t ticks, uint64_t cpu_ns, uint32_t voluntary,
             uint32_t involuntary) {
    found_.ends.push_back(
        {segment_.actor, ticks, cpu_ns, voluntary, involuntary});
    Stamp(ticks);
  }
  void OnDestroy(uint32_t object) { objects_->Add(object); }
  void OnMisuse(model::Misuse, uint32_t object, uint32_t site, uint32_t,
                uint32_t, uint64_t ticks) {
    Use(object, site);
    Stamp(ticks);
  }
  void OnNote(NoteKind kind, uint64_t value) {
    if (kind == NoteKind::kEnding) Stamp(value);
  }
  void OnExit(uint64_t ticks, uint64_t monotonic_ns, uint64_t cpu_ns, uint32_t,
              uint32_t) {
    found_.exits.push_back({segment_.process, cpu_ns});
    Calibrate(ticks, monotonic_ns);
  }

  void OnDefProcess(uint32_t process, uint32_t pid, uint32_t parent,
                    uint64_t start_time, std::string_view options,
                    std::string_view program, std::string_view arguments,
                    std::string_view host) {
    found_.processes.push_back(
        {process, pid, parent, start_time, options, program, arguments, host});
  }
  void OnDefModule(uint32_t module, uint64_t base, uint64_t size,
                   std::string_view build_id, std::string_view path) {
    found_.modules.push_back({module, base, size, build_id, path});
  }
  void OnDefPlace(uint32_t place, uint32_t line, uint32_t column,
                  std::string_view file, std::string_view function) {
    found_.places.push_back({place, line, column, file, function});
  }
  void OnDefObject(model::ObjectKind kind, uint32_t object, uint32_t place,
                   uint32_t site, uint64_t address, std::string_view name,
                   uint32_t value) {
    found_.objects.push_back(
        {segment_.process, object, place, site, kind, address, name, value});
    Use(object, site);
  }
  void OnDefSite(uint32_t site, std::span<const uint32_t> frames) {
    found_.sites.push_back({site, segment_.actor, frames});
  }
  void OnDefStack(uint32_t stack, const StackOf& of,
                  std::span<const uint32_t> frames) {
    found_.stacks.push_back({stack, segment_.actor, of, frames});
  }
  void OnDefName(NameTarget target, uint32_t id, std::string_view name) {
    found_.names.push_back({segment_.process, id, target, name});
    // Its locks need not be taken by anybody.
    if (target != kDeclaredOrderName || id == 0) return;
    if (const auto after = ParseDeclaredOrder(name)) {
      objects_->Add(id);
      Use(after->second, after->site);
    }
  }

 private:
  void Use(uint32_t object, uint32_t site) {
    objects_->Add(object);
    usage_.sites.Add(site);
  }
  void Stamp(uint64_t ticks) {
    found_.last_ticks = std::max(found_.last_ticks, ticks);
  }
  void Calibrate(uint64_t ticks, uint64_t ns) {
    Stamp(ticks);
    if (found_.earliest.ticks == 0 || ticks < found_.earliest.ticks)
      found_.earliest = {ticks, ns};
    if (ticks > found_.latest.ticks) found_.latest = {ticks, ns};
  }

  Usage& usage_;
  Findings& found_;
  IdSet* objects_ = nullptr;
  SegmentHeader segment_;
  bool begun_ = false;
};

std::string Where(uint64_t block) {
  return absl::StrCat("block ", block, " (at byte ", block * kBlockSize, ")");
}

// Splits a block's records into segments. `cut`: the file ends in this block.
void ScanRecords(uint64_t block, bool hot, std::span<const uint32_t> words,
                 bool cut, Usage& usage, Findings& found) {
  ScanVisitor visitor(usage, found);
  size_t at = 0;
  const auto damage = [&](std::string_view what) {
    found.damages.push_back(absl::StrCat(
        Where(block), ": the record at byte ",
        block * kBlockSize + sizeof(BlockHeader) + at * sizeof(uint32_t), " ",
        absl::string_view(what.data(), what.size())));
  };
  while (at < words.size() && words[at] != 0) {
    if (!IsSegment(words[at])) {
      return damage("is no segment; the rest of the block was skipped");
    }
    visitor.StartSegment();
    const DecodeResult result = DecodeSegment(words.subspan(at), visitor);
    found.unknown_records += result.unknown;
    const SegmentHeader& h = visitor.segment();
    if (visitor.begun() && h.actor != 0) {
      found.segments.push_back(
          {h.actor, h.process, h.number, block,
           static_cast<uint32_t>(kHeaderWords + at + result.words), hot,
           words.subspan(at, result.words)});
    }
    at += result.words;
    if (result.status == DecodeStatus::kMalformed || result.words == 0)
      return damage("contradicts itself; the rest of the block was skipped");
    if (result.status == DecodeStatus::kTruncated) {
      return damage(cut ? "is cut off by the end of the file"
                        : "does not fit into the block and was skipped");
    }
  }
}

bool HoldsNothing(std::span<const uint32_t> words) {
  return std::all_of(words.begin(), words.end(),
                     [](uint32_t word) { return word == 0; });
}

}  // namespace

void ScanSealedBlock(const LogFile& file, uint64_t number, Usage& usage,
                     Findings& found) {
  const std::span<const uint32_t> words = file.BlockWords(number);
  const bool cut = words.size() < kBlockWords - kHeaderWords;
  BlockFacts facts;
  if (!file.ReadBlock(number, &facts)) {
    found.damages.push_back(
        absl::StrCat(Where(number), " is cut off within its header"));
    return;
  }
  if (facts.magic == 0) {
    // Claimed and not written, or not yet: its header comes first.
    if (HoldsNothing(words)) {
      if (!cut) found.free_blocks.push_back(number);
      return;
    }
    file.ReadBlock(number, &facts);
  }
  if (facts.magic != kBlockMagic || facts.kind > BlockKind::kSealed) {
    found.damages.push_back(
        absl::StrCat(Where(number), " has a damaged header and was skipped"));
    return;
  }
  if (facts.kind != BlockKind::kSealed) return;
  if (cut) {
    found.damages.push_back(absl::StrCat(Where(number), " is cut off at byte ",
                                         file.size(),
                                         "; what is left of it was read"));
  } else if (Checksum(words.data(), words.size()) != facts.checksum) {
    // What its first record says may be wrong too: it is only a hint.
    const bool says = IsSegment(words[0]);
    found.damaged_blocks.push_back(
        {number, says ? words[1] : 0, says ? words[3] : 0});
    return;
  }
  ScanRecords(number, false, words, cut, usage, found);
}

void ScanHotBlock(const HotBlock& block, Usage& usage, Findings& found) {
  ScanRecords(block.number, true, block.words, block.file_end < kBlockWords,
              usage, found);
}

}  // namespace lockcheck::log
