// The toy world r1-1: the paper's kinds of prompts that a rule can check [R1 App. B.3.1] in one net: math (math-1),
// code (code-1), STEM (stem-1), logic (countdown-3, order-1), in English and Chinese. The task deals its parts'
// problems in turn; the corpus draws each document from one of its parts, whose recipes are fields of its own. Levels
// of the task are its kinds: 1 math, 2 code, 3 STEM, 4 countdown, 5 orderings. Paper: [R1 App. B.3.1].
#include <algorithm>
#include <cmath>

#include "tasks/document.h"
#include "tasks/problem.h"

namespace r1 {
namespace {

constexpr const char* kParts[] = {"math-1", "code-1", "stem-1", "countdown-3", "order-1"};
constexpr uint32_t kPartCount = std::size(kParts);

class R11 final : public Task {
 public:
  R11() {
    for (const char* part : kParts) parts_.push_back(Registry<TaskFactory>::get().find("task", part)());
  }
  std::string name() const override { return "r1-1"; }
  int levels() const override { return kPartCount; }
  Problem problem(uint64_t seed, Split split, uint32_t index) const override {
    Problem p = parts_[index % kPartCount]->problem(seed, split, index / kPartCount);
    p.level = static_cast<int>(index % kPartCount) + 1;
    return p;
  }

 private:
  std::vector<std::unique_ptr<Task>> parts_;
};

R1_REGISTER(TaskFactory, "r1-1", [] { return std::unique_ptr<Task>(new R11); });

struct R11Recipe {
  std::vector<double> shares{.45, .25, .06, .16, .08};

  template <class V>
  void visit(V& v) {
    v("shares", shares, "documents of math-1, code-1, stem-1, countdown-3, order-1: shares that sum to 1");
  }
};

class R11Corpus final : public Corpus {
 public:
  explicit R11Corpus(const Json& json) {
    Json own = Json::object(), parts = Json::object();
    for (const auto& [key, value] : json.items())
      (std::find(std::begin(kParts), std::end(kParts), key) == std::end(kParts) ? own : parts)[key] = value;
    fields::from_json(recipe_, own, "r1-1 recipe");
    double total = 0;
    for (const double s : recipe_.shares) total += s;
    if (recipe_.shares.size() != kPartCount || std::abs(total - 1) > 1e-9)
      fail("r1-1 recipe: 'shares', expected ", kPartCount, " numbers that sum to 1");
    for (const char* part : kParts)
      parts_.push_back(Registry<CorpusFactory>::get().find("corpus", part)(parts.value(part, Json::object())));
  }
  std::string name() const override { return "r1-1"; }
  Json recipe() const override {
    Json j = fields::to_json(recipe_);
    for (size_t i = 0; i < kPartCount; ++i) j[kParts[i]] = parts_[i]->recipe();
    return j;
  }
  Document document(uint64_t seed, uint64_t index, double progress) const override {
    Rng rng(seed, Stream::kData, static_cast<uint32_t>(index), 1u << 31 | static_cast<uint32_t>(index >> 32));
    double u = rng.uniform();
    size_t part = 0;
    while (part + 1 < kPartCount && (u -= recipe_.shares[part]) >= 0) ++part;
    return parts_[part]->document(seed, index, progress);
  }

 private:
  R11Recipe recipe_;
  std::vector<std::unique_ptr<Corpus>> parts_;
};

R1_REGISTER(CorpusFactory, "r1-1", [](const Json& json) { return std::unique_ptr<Corpus>(new R11Corpus(json)); });

}  // namespace
}  // namespace r1
