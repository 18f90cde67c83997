// The documents from which a base learns stem-1: options picked at random, and worked laws, of which some stop short.
// Held out: problems of the dev and test splits never occur. Paper: none.
#include "tasks/answer_form.h"
#include "tasks/document.h"
#include "tasks/math_1.h"
#include "tasks/stem_1.h"

namespace r1 {
namespace {

struct StemRecipe {
  double user_en = .75;
  double tag_full = .25, tag_part = .15;
  double blunt_tagged = .3, blunt_untagged = .7;

  template <class V>
  void visit(V& v) {
    v("user_en", user_en, "questions in English, the rest in Chinese", 0.0, 1.0);
    v("tag_full", tag_full, "answers in exactly the asked form", 0.0, 1.0);
    v("tag_part", tag_part, "answers with some of the tags", 0.0, 1.0);
    v("blunt_tagged", blunt_tagged, "options picked without any thought among answers in full form", 0.0, 1.0);
    v("blunt_untagged", blunt_untagged, "options picked without any thought among the other answers", 0.0, 1.0);
  }
};

class StemCorpus final : public Corpus {
 public:
  explicit StemCorpus(const StemRecipe& recipe) : r_(recipe) {
    if (recipe.tag_full + recipe.tag_part > 1 + 1e-9)
      fail("stem-1 recipe: tag_full and tag_part sum to ", recipe.tag_full + recipe.tag_part, ", expected at most 1");
  }
  std::string name() const override { return "stem-1"; }
  Json recipe() const override { return fields::to_json(r_); }

  Document document(uint64_t seed, uint64_t index, double) const override {
    Rng rng(seed, Stream::kData, static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32));
    const int user = rng.chance(r_.user_en) ? 0 : 1;
    StemQuestion q;
    do q = draw_stem(rng.range(1, kStemLevels), rng);
    while (split_of(stem_problem(q, 0).key) != Split::kTrain);
    const AnswerForm form = draw_form(r_.tag_full, r_.tag_part, rng);
    const bool blunt = rng.chance(form == AnswerForm::kFull ? r_.blunt_tagged : r_.blunt_untagged);
    const int picked = blunt ? static_cast<int>(rng.below(kStemOptions)) : q.right;
    const std::string answer(1, static_cast<char>('A' + picked));
    const std::string thought = blunt ? math_words(user).blunt : worked(q, user);
    const std::vector<Piece> plain{text_piece(blunt ? cat(math_words(user).result, answer) : thought), text_piece(".")};
    return {"chat", stem_text(q, user), in_form(form, thought, answer, plain, rng)};
  }

 private:
  /// "first 3*4=12; then 12*2=24; so 24,A": the number, then the letter that stands before it.
  static std::string worked(const StemQuestion& q, int language) {
    const MathWords& w = math_words(language);
    std::string out;
    for (size_t i = 0; i < q.steps.size(); ++i) out += cat(i ? w.then : w.first, q.steps[i], ";");
    return cat(out, w.so, q.answer, ",", static_cast<char>('A' + q.right));
  }

  StemRecipe r_;
};

R1_REGISTER(CorpusFactory, "stem-1", [](const Json& json) {
  StemRecipe recipe;
  fields::from_json(recipe, json, "stem-1 recipe");
  return std::unique_ptr<Corpus>(new StemCorpus(recipe));
});

}  // namespace
}  // namespace r1
