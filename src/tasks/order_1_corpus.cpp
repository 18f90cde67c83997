// The documents from which a base learns order-1: rows in any order, and rows built one by one from what was told, a
// part of which break off early and guess the rest. Held out: problems of the dev and test splits never occur.
// Paper: none.
#include <algorithm>

#include "tasks/answer_form.h"
#include "tasks/drawn_corpus.h"
#include "tasks/math_1.h"
#include "tasks/order_1.h"

namespace r1 {
namespace {

struct OrderRecipe {
  double user_en = .75;
  AnswerShares answers;
  double lazy = .3;

  template <class V>
  void visit(V& v) {
    v("user_en", user_en, "questions in English, the rest in Chinese", 0.0, 1.0);
    answers.visit(v);
    v("lazy", lazy, "among the others: the row is guessed after its first two people", 0.0, 1.0);
  }
  void check(const std::string& where) const { answers.check(where); }
};

class Writer {
 public:
  Writer(const OrderRecipe& recipe, Rng& rng) : r_(recipe), rng_(rng) {}

  Document chat() {
    const int user = rng_.chance(r_.user_en) ? 0 : 1;
    OrderPuzzle p;
    do p = draw_order(rng_.range(1, kOrderLevels), rng_);
    while (split_of(order_problem(p, 0).key) != Split::kTrain);
    const AnswerForm form = r_.answers.draw(rng_);
    const bool blunt = rng_.chance(r_.answers.blunt(form));
    std::vector<int> row = p.row;
    size_t known = row.size();
    if (blunt) known = 0;
    if (!blunt && rng_.chance(r_.lazy)) known = 2;
    std::vector<int> guessed(row.begin() + static_cast<std::ptrdiff_t>(known), row.end());
    shuffle(guessed, rng_);
    std::copy(guessed.begin(), guessed.end(), row.begin() + static_cast<std::ptrdiff_t>(known));
    const MathWords& w = math_words(user);
    const std::string answer = names(row, user), thought = blunt ? w.blunt : built(row, known, user);
    const std::vector<Piece> plain{text_piece(blunt ? cat(before_name(w.result, user), answer) : thought),
                                   text_piece(".")};
    return {"chat", order_question(p, user), in_form(form, thought, answer, plain, rng_)};
  }

 private:
  static std::string names(const std::vector<int>& row, int language) {
    std::string out;
    for (const int person : row) out += cat(out.empty() ? "" : ",", order_name(person, language));
    return out;
  }

  /// A word of the frame before a name: Chinese has no blanks, and two words in one run would be one token.
  static std::string before_name(const char* word, int language) { return cat(word, language ? ":" : ""); }

  /// "first Ann<Cy; then Cy<Bob; so Ann,Cy,Bob": the pairs that were told, in the row's order.
  static std::string built(const std::vector<int>& row, size_t known, int language) {
    const MathWords& w = math_words(language);
    std::string out;
    for (size_t i = 0; i + 1 < known; ++i)
      out += cat(before_name(i ? w.then : w.first, language), order_name(row[i], language), "<",
                 order_name(row[i + 1], language), ";");
    return cat(out, before_name(w.so, language), names(row, language));
  }

  const OrderRecipe& r_;
  Rng& rng_;
};

Document write(const OrderRecipe& recipe, Rng& rng) { return Writer(recipe, rng).chat(); }

R1_REGISTER(CorpusFactory, "order-1",
            [](const Json& json) { return drawn_corpus<OrderRecipe>("order-1", json, write); });

}  // namespace
}  // namespace r1
