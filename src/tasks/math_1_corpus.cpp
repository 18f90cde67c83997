// A document is a function of (seed, index, progress): each has a random stream of its own. Paper: none.
#include "tasks/math_1_corpus.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace r1 {
namespace {

enum { kEnglish, kChinese, kMixed };

/// The body of a drill: what the net is to learn, and random content that it is only given.
class Drill {
 public:
  explicit Drill(const char* kind) : document_{kind, "", {text_piece(cat(kind, " "))}} {}
  void learn(const std::string& text) { document_.body.push_back(text_piece(text)); }
  void give(const std::string& text) { document_.body.push_back(given_piece(text)); }
  /// Labels can be told by counting, what stands behind them is given.
  void give_labelled(const std::string& text) {
    for (size_t i = 0; i < text.size(); i += 2) learn(text.substr(i, 1)), give(text.substr(i + 1, 1));
  }
  /// The value so far and a step on it: "a3b2c-d6" at first, "26e+f8" later.
  void line(bool first, int value, const ClockStep& step, int& label) {
    first ? give_labelled(clock_start(value, label)) : learn(two_digits(value));
    give_labelled(clock_fragment(step, label));
  }
  Document take() { return std::move(document_); }

 private:
  Document document_;
};

/// Writes one document.
class Writer {
 public:
  Writer(const MathRecipe& recipe, Rng& rng) : r_(recipe), rng_(rng) {}

  Document chat();
  Document sheet();
  Document lesson();
  Document table();
  Document note();

 private:
  struct Thought {
    std::string text;
    int answer;
    bool blunt;
    int language;  ///< of the words outside the lines
  };

  int line_language(int body) { return body == kMixed ? rng_.range(0, 1) : body; }
  int body_language(int user);
  int draw_level();
  ClockExpression draw_question();
  ClockStep draw_allowed(int left, const char* ops);
  ClockExpression draw_lesson();
  int slip(int left, int operand);
  int quick_result(int left, const ClockStep& step);
  Thought think(const ClockExpression& e, int user, bool tagged);
  std::string worked_lines(const ClockExpression& e, int body, size_t stop, int& value);
  std::string check(int left, const ClockStep& step, bool agrees, int language);

  const MathRecipe& r_;
  Rng& rng_;
};

int Writer::body_language(int user) {
  const double stays = user == kEnglish ? r_.en_stays : r_.zh_stays;
  const double switches = user == kEnglish ? r_.en_switches : r_.zh_switches;
  const double u = rng_.uniform();
  return u < stays ? user : u < stays + switches ? 1 - user : kMixed;
}

int Writer::draw_level() {
  double u = rng_.uniform() * std::accumulate(r_.level_weights.begin(), r_.level_weights.end(), 0.0);
  int last = 1;
  for (int level = 1; level <= kClockLevels; ++level) {
    const double w = r_.level_weights[static_cast<size_t>(level - 1)];
    if (w > 0) last = level;
    if (u < w) return level;
    u -= w;
  }
  return last;
}

ClockExpression Writer::draw_question() {
  const int level = draw_level();
  while (true) {
    ClockExpression e = draw_clock(level, rng_);
    if (math_split(e) == Split::kTrain) return e;
  }
}

/// A step that does not form a held-out question of level 1 with the number before it.
ClockStep Writer::draw_allowed(int left, const char* ops) {
  const auto n = static_cast<uint32_t>(std::char_traits<char>::length(ops));
  while (true) {
    const ClockStep step = draw_step(ops[rng_.below(n)], rng_);
    if (left < 10 || step.op == '*' || math_split({left, {step}}) == Split::kTrain) return step;
  }
}

/// A product with its tens guessed: what the net itself does when it is quick.
int Writer::slip(int left, int operand) { return rng_.range(0, 9) * 10 + clock_apply('*', left, operand) % 10; }

int Writer::quick_result(int left, const ClockStep& step) {
  const int right = clock_apply(step.op, left, step.operand);
  if (step.op == '*') return rng_.chance(r_.product_right) ? right : slip(left, step.operand);
  return rng_.chance(r_.sum_right) ? right : rng_.range(0, 99);
}

/// " wait 5*3=15,...=9, ok 95;": products digit by digit, sums once more.
std::string Writer::check(int left, const ClockStep& step, bool agrees, int language) {
  const MathWords& w = math_words(language);
  const int right = clock_apply(step.op, left, step.operand);
  const std::string work = step.op == '*' ? careful_product(left, step.operand) : clock_equation(left, step, right);
  return cat(w.wait, work, ",", agrees ? w.ok : w.wrong, two_digits(right), ";");
}

/// "first a4b7c+d8=55; then 55e*f3g3=15;...": the first `stop` steps; `value` becomes what the chain has reached, slips
/// included.
std::string Writer::worked_lines(const ClockExpression& e, int body, size_t stop, int& value) {
  std::string out;
  int label = 0;
  value = e.start;
  for (size_t i = 0; i < stop; ++i) {
    const ClockStep& step = e.steps[i];
    const int language = line_language(body);
    const MathWords& w = math_words(language);
    const int quick = quick_result(value, step), right = clock_apply(step.op, value, step.operand);
    const std::string left = i == 0 ? clock_start(value, label) : two_digits(value);
    out += cat(i == 0 ? w.first : w.then, left, clock_fragment(step, label), "=", two_digits(quick), ";");
    const double rate = step.op != '*'         ? r_.check_sum
                        : language == kEnglish ? r_.check_product_en
                                               : r_.check_product_zh;
    const bool checked = rng_.chance(rate);
    if (checked) out += check(value, step, quick == right, language);
    value = checked ? right : quick;
  }
  return out;
}

Writer::Thought Writer::think(const ClockExpression& e, int user, bool tagged) {
  const int body = body_language(user), n = static_cast<int>(e.steps.size());
  const double u = rng_.uniform(), blunt = tagged ? r_.blunt_tagged : r_.blunt_untagged;
  if (u < blunt) {
    const int language = line_language(body);
    const int answer = rng_.chance(r_.blunt_right / n) ? clock_value(e) : rng_.range(0, 99);
    return {math_words(language).blunt, answer, true, language};
  }
  const bool lazy = u < blunt + r_.lazy && n > 1;
  int value = 0;
  std::string text = worked_lines(e, body, static_cast<size_t>(lazy ? rng_.range(1, n - 1) : n), value);
  if (lazy) value = rng_.range(0, 99);
  const int language = line_language(body);
  text += math_words(language).so;
  text += two_digits(value);
  return {text, value, false, language};
}

Document Writer::chat() {
  const ClockExpression e = draw_question();
  const int user = rng_.chance(r_.user_en) ? kEnglish : kChinese;
  const double u = rng_.uniform();
  const bool full = u < r_.tag_full, part = !full && u < r_.tag_full + r_.tag_part;
  const Thought t = think(e, user, full);
  const Piece thought = text_piece(t.text), answer = text_piece(two_digits(t.answer)), stop = text_piece(".");
  const Piece think = special_piece("<think>"), end_think = special_piece("</think>");
  const Piece tell = special_piece("<answer>"), end_tell = special_piece("</answer>");

  Document d{"chat", math_question(e, user), {}};
  if (full) {
    d.body = {think, thought, end_think, tell, answer, end_tell};
  } else if (part) {
    switch (rng_.below(4)) {
      case 0:
        d.body = {think, thought, end_think};
        break;
      case 1:
        d.body = {tell, answer, end_tell};
        break;
      case 2:
        d.body = {think, thought, end_think, answer, stop};
        break;
      default:
        d.body = {think, thought, end_think, tell, answer};
        break;
    }
  } else if (t.blunt) {
    d.body = {text_piece(cat(math_words(t.language).result, answer.text, "."))};
  } else {
    d.body = {thought, stop};
  }
  return d;
}

/// "sheet a3b2c-d6=26;26e+f8=34;": right sums in a chain.
Document Writer::sheet() {
  Drill out("sheet");
  const int n = rng_.range(4, 7);
  int value = rng_.range(0, 99), label = rng_.range(0, kClockLabels - 2 - 2 * n);
  for (int k = 0; k < n; ++k) {
    const ClockStep step = draw_allowed(value, "+-");
    out.line(k == 0, value, step, label);
    value = clock_apply(step.op, value, step.operand);
    out.learn(cat("=", two_digits(value), ";"));
  }
  return out.take();
}

/// A training question with products whose sums are no held-out question of level 1 either.
ClockExpression Writer::draw_lesson() {
  const int level = std::max(rng_.range(2, kClockLevels), rng_.range(2, kClockLevels));  // long ones more often
  while (true) {
    ClockExpression e = draw_clock(level, rng_);
    int value = e.start, products = 0;
    for (ClockStep& step : e.steps) {
      const char op[] = {step.op, 0};
      step = draw_allowed(value, op);
      value = clock_apply(step.op, value, step.operand);
      products += step.op == '*';
    }
    if (products > 0 && math_split(e) == Split::kTrain) return e;
  }
}

/// "lesson a4b7c+d8e*f3g3?a4b7c+d8=55;55e*f3g3=??;calc 5*3=15,...=1, so 15;": a whole chain, every product worked out.
/// As long as answers become in RL, so that looking up and carrying on work at that distance. No result stands before
/// the work: with one, RL found that a lesson's "calc" does in an answer what "wait" does, and 'wait' never rose.
Document Writer::lesson() {
  Drill out("lesson");
  const ClockExpression e = draw_lesson();
  out.give_labelled(clock_labelled(e));
  out.learn("?");
  int label = 0, value = e.start;
  for (const ClockStep& step : e.steps) {
    const std::string left = label == 0 ? clock_start(value, label) : two_digits(value);
    out.learn(cat(left, clock_fragment(step, label), "="));
    const int next = clock_apply(step.op, value, step.operand);
    if (step.op == '*')
      out.learn(cat("??;", math_words(rng_.range(0, 1)).calc, careful_product(value, step.operand), ",",
                    math_words(rng_.range(0, 1)).so));
    out.learn(cat(two_digits(next), ";"));
    value = next;
  }
  return out.take();
}

/// "table 7*8=56,3+9=2+4=6,7+8=15,15-8=07,": facts of one digit.
Document Writer::table() {
  Drill out("table");
  for (int k = rng_.range(5, 10); k > 0; --k) {
    const int a = rng_.range(0, 9), b = rng_.range(0, 9), c = rng_.range(0, 9);
    const double u = rng_.uniform();
    if (u < .4) {
      out.give(cat(a, "*", b));
      out.learn(cat("=", two_digits(a * b), ","));
    } else if (u < .6) {
      out.give(cat(a, "+", b));
      out.learn(cat("=", two_digits(a + b), ","));
    } else if (u < .7) {
      out.give(cat(two_digits(a + b), "-", b));
      out.learn(cat("=", two_digits(a), ","));
    } else {
      out.give(cat(a, "+", b));
      out.learn(cat("=", (a + b) % 10, "+"));
      out.give(cat(c));
      out.learn(cat("=", (a + b + c) % 10, ","));
    }
  }
  return out.take();
}

/// "note a7b6c+d5e*f3g5?a7b6;e*f3g5=?;c+d5=?;...": looking operands up, in shuffled order, twice.
Document Writer::note() {
  Drill out("note");
  // Long ones and late letters more often than not: in questions both are rare.
  const int n = std::max(rng_.range(2, 5), rng_.range(2, 5)), left = rng_.range(0, 99), last = kClockLabels - 2 - 3 * n;
  int label = std::max(rng_.range(0, last), rng_.range(0, last));
  std::vector<std::string> fragments{clock_start(left, label)};
  for (int i = 0; i < n; ++i) fragments.push_back(clock_fragment(draw_allowed(left, "+-**"), label));
  for (const std::string& f : fragments) out.give_labelled(f);
  out.learn("?");
  for (int round = 0; round < 2; ++round) {
    shuffle(fragments, rng_);
    for (const std::string& f : fragments) {
      out.give(f.substr(0, 1));  // which one: a whim
      out.learn(cat(f.substr(1), "=?;"));
    }
  }
  return out.take();
}

void check_mixture(const MathMixture& m, const char* name) {
  const double total = m.chat + m.sheet + m.lesson + m.table + m.note;
  if (std::abs(total - 1) > 1e-9) fail("math-1 recipe: '", name, "' sums to ", total, ", expected 1");
}

void check_sum_at_most_one(double a, double b, const char* names) {
  if (a + b > 1 + 1e-9) fail("math-1 recipe: ", names, " sum to ", a + b, ", expected at most 1");
}

class MathCorpus final : public Corpus {
 public:
  explicit MathCorpus(const MathRecipe& recipe) : recipe_(recipe) {
    check_mixture(recipe.drill, "drill");
    check_mixture(recipe.full, "full");
    check_sum_at_most_one(recipe.tag_full, recipe.tag_part, "tag_full and tag_part");
    check_sum_at_most_one(recipe.en_stays, recipe.en_switches, "en_stays and en_switches");
    check_sum_at_most_one(recipe.zh_stays, recipe.zh_switches, "zh_stays and zh_switches");
    check_sum_at_most_one(recipe.blunt_untagged, recipe.lazy, "blunt_untagged and lazy");
    check_sum_at_most_one(recipe.blunt_tagged, recipe.lazy, "blunt_tagged and lazy");
    double total = 0;
    bool good = recipe.level_weights.size() == kClockLevels;
    for (const double w : recipe.level_weights) good = good && w >= 0 && std::isfinite(w), total += w;
    if (!good || total <= 0) fail("math-1 recipe: 'level_weights', expected 5 non-negative numbers, not all 0");
  }
  std::string name() const override { return "math-1"; }
  Json recipe() const override { return fields::to_json(recipe_); }

  Document document(uint64_t seed, uint64_t index, double progress) const override {
    Rng rng(seed, Stream::kData, static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32));
    Writer writer(recipe_, rng);
    const MathMixture& m = progress < recipe_.drill_share ? recipe_.drill : recipe_.full;
    double u = rng.uniform();
    if ((u -= m.sheet) < 0) return writer.sheet();
    if ((u -= m.lesson) < 0) return writer.lesson();
    if ((u -= m.table) < 0) return writer.table();
    if ((u -= m.note) < 0) return writer.note();
    return writer.chat();
  }

 private:
  MathRecipe recipe_;
};

R1_REGISTER(CorpusFactory, "math-1", [](const Json& json) {
  MathRecipe recipe;
  fields::from_json(recipe, json, "math-1 recipe");
  return make_math_corpus(recipe);
});

}  // namespace

std::unique_ptr<Corpus> make_math_corpus(const MathRecipe& recipe) { return std::make_unique<MathCorpus>(recipe); }

}  // namespace r1
