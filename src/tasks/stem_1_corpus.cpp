// The documents from which a base learns stem-1: options picked at random, and worked laws, of which some stop short.
// Held out: problems of the dev and test splits never occur. Paper: none.
#include "tasks/answer_form.h"
#include "tasks/drawn_corpus.h"
#include "tasks/math_1.h"
#include "tasks/stem_1.h"

namespace r1 {
namespace {

struct StemRecipe {
  double user_en = .75;
  AnswerShares answers;

  template <class V>
  void visit(V& v) {
    v("user_en", user_en, "questions in English, the rest in Chinese", 0.0, 1.0);
    answers.visit(v);
  }
  void check(const std::string& where) const { answers.check(where); }
};

/// "first 3*4=12; then 12*2=24; so 24,A": the number, then the letter that stands before it.
std::string worked(const StemQuestion& q, int language) {
  const MathWords& w = math_words(language);
  std::string out;
  for (size_t i = 0; i < q.steps.size(); ++i) out += cat(i ? w.then : w.first, q.steps[i], ";");
  return cat(out, w.so, q.answer, ",", static_cast<char>('A' + q.right));
}

Document write(const StemRecipe& recipe, Rng& rng) {
  const int user = rng.chance(recipe.user_en) ? 0 : 1;
  StemQuestion q;
  do q = draw_stem(rng.range(1, kStemLevels), rng);
  while (split_of(stem_problem(q, 0).key) != Split::kTrain);
  const AnswerForm form = recipe.answers.draw(rng);
  const bool blunt = rng.chance(recipe.answers.blunt(form));
  const int picked = blunt ? static_cast<int>(rng.below(kStemOptions)) : q.right;
  const std::string answer(1, static_cast<char>('A' + picked));
  const std::string thought = blunt ? math_words(user).blunt : worked(q, user);
  const std::vector<Piece> plain{text_piece(blunt ? cat(math_words(user).result, answer) : thought), text_piece(".")};
  return {"chat", stem_text(q, user), in_form(form, thought, answer, plain, rng)};
}

R1_REGISTER(CorpusFactory, "stem-1", [](const Json& json) { return drawn_corpus<StemRecipe>("stem-1", json, write); });

}  // namespace
}  // namespace r1
