// The documents from which a base learns code-1: programs handed in unread, programs that print the example's output,
// and programs that were run in the head on the example first, one reading of the vague words after the other; more
// than half give up after a failure. RL must find that hard-coding never pays and that going on does. Beside them
// drills: running right programs, and comparing two lists. Held out: problems of the dev and test splits never occur.
// Paper: none.
#include <algorithm>
#include <numeric>

#include "tasks/answer_form.h"
#include "tasks/code_1.h"
#include "tasks/drawn_corpus.h"

namespace r1 {
namespace {

struct CodeRecipe {
  double drill = .3;
  double user_en = .75;
  AnswerShares answers;
  double hard_coded = .6, goes_on = .5;
  std::vector<double> level_weights{1, 1, 1.5, 1.5, 2};

  template <class V>
  void visit(V& v) {
    v("drill", drill, "share of drills", 0.0, 1.0);
    v("user_en", user_en, "questions in English, the rest in Chinese", 0.0, 1.0);
    answers.visit(v);
    v("hard_coded", hard_coded, "among those: the example's output printed as it is", 0.0, 1.0);
    v("goes_on", goes_on, "after a failed try another reading follows", 0.0, 1.0);
    v("level_weights", level_weights, "how often each level is asked");
  }
  void check(const std::string& where) const {
    answers.check(where);
    if (level_weights.size() != kCodeLevels || !(std::accumulate(level_weights.begin(), level_weights.end(), 0.0) > 0))
      fail(where, ": 'level_weights', expected ", kCodeLevels, " numbers that are not all 0");
  }
};

std::string program(const std::vector<PipeOp>& ops) { return pipe_text({ops, std::nullopt}); }

/// "352>346>734": what each stage leaves, the input first.
std::string trace(const std::vector<PipeOp>& ops, const std::string& input) {
  std::string out = input, list = input;
  for (const PipeOp op : ops) out += cat(">", list = pipe_apply(op, list));
  return out;
}

/// "5/8 wrong" or "3/3,4/4,6/6 ok": digit by digit, up to the first that differs, so that the verdict is always about
/// two neighbours; the shorter list's missing digit is an empty side.
std::string comparison(const std::string& result, const std::string& target, const CodeWords& w) {
  std::string out;
  for (size_t i = 0; i < std::max(result.size(), target.size()); ++i) {
    const std::string a = result.substr(std::min(i, result.size()), 1),
                      b = target.substr(std::min(i, target.size()), 1);
    out += cat(i ? "," : "", a, "/", b);
    if (a != b) return cat(out, w.wrong);
  }
  return cat(out, w.ok);
}

class Writer {
 public:
  Writer(const CodeRecipe& recipe, Rng& rng) : r_(recipe), rng_(rng) {}

  /// "trace rev|inc 352>253>364;beh 91>1;": what programs do.
  Document traces() {
    Document d{"trace", "", {text_piece("trace ")}};
    for (int k = rng_.range(2, 4); k > 0; --k) {
      std::vector<PipeOp> ops;
      for (int n = rng_.range(1, 3); n > 0; --n) ops.push_back(static_cast<PipeOp>(rng_.below(kPipeOps)));
      const std::string input = digits(rng_.range(2, 6)), all = trace(ops, input);
      d.body.push_back(given_piece(cat(program(ops), " ", input)));
      d.body.push_back(text_piece(cat(all.substr(input.size()), ";")));
    }
    return d;
  }

  /// "same 364?346 3/3,6/4 wrong;346?346 3/3,4/4,6/6 ok;": the verdict on its own.
  Document comparisons() {
    Document d{"same", "", {text_piece("same ")}};
    for (int k = rng_.range(3, 6); k > 0; --k) {
      const CodeWords& w = code_words(rng_.range(0, 1));
      const std::string a = digits(rng_.range(1, 5));
      std::string b = a;
      if (rng_.chance(.5)) {
        b[rng_.below(static_cast<uint32_t>(b.size()))] = static_cast<char>('0' + rng_.below(10));
        if (rng_.chance(.3)) b = pipe_apply(static_cast<PipeOp>(rng_.below(kPipeOps)), a);
      }
      d.body.push_back(given_piece(cat(a, "?", b)));
      d.body.push_back(text_piece(cat(" ", comparison(a, b, w), ";")));
    }
    return d;
  }

  Document chat() {
    const int user = rng_.chance(r_.user_en) ? 0 : 1;
    const CodeProblem p = draw_question();
    const AnswerForm form = r_.answers.draw(rng_);
    const bool blunt = rng_.chance(r_.answers.blunt(form));
    std::string answer;
    const CodeWords& w = code_words(user);
    const std::string thought = blunt ? hand_in(p, w, answer) : try_out(p, w, answer);
    const std::vector<Piece> plain{text_piece(blunt ? cat(w.result, answer) : thought), text_piece(".")};
    return {"chat", code_question(p, user), in_form(form, thought, answer, plain, rng_)};
  }

 private:
  std::string digits(int n) {
    std::string s;
    while (n-- > 0) s += static_cast<char>('0' + rng_.below(10));
    return s;
  }

  CodeProblem draw_question() {
    double total = 0;
    for (const double x : r_.level_weights) total += x;
    double u = rng_.uniform() * total;
    int level = 1;
    while (level < kCodeLevels && (u -= r_.level_weights[static_cast<size_t>(level - 1)]) >= 0) ++level;
    while (true) {
      CodeProblem p = draw_code(level, rng_);
      if (split_of(code_problem(p, 0).key) == Split::kTrain) return p;
    }
  }

  int any_reading(const CodeProblem& p) { return static_cast<int>(rng_.below(1u << p.vague())); }

  std::string hand_in(const CodeProblem& p, const CodeWords& w, std::string& answer) {
    answer = rng_.chance(r_.hard_coded) ? pipe_text({{}, p.output}) : program(p.reading(any_reading(p)));
    return w.blunt;
  }

  /// "first rev|inc 352>253>364 of 3/3,6/4 wrong; wait rev|dbl ... ok; so rev|dbl": readings in the order of counting,
  /// from any one.
  std::string try_out(const CodeProblem& p, const CodeWords& w, std::string& answer) {
    const int all = 1 << p.vague(), start = any_reading(p);
    std::string text;
    for (int k = 0; k < all; ++k) {
      const std::vector<PipeOp> ops = p.reading((start + k) % all);
      const std::string seen = trace(ops, p.input);
      answer = program(ops);
      const bool right = ops == p.meant();
      text += cat(k ? w.wait : w.first, answer, " ", seen, w.of,
                  comparison(seen.substr(seen.rfind('>') + 1), p.output, w), ";");
      if (right || !rng_.chance(r_.goes_on)) break;
    }
    return cat(text, w.so, answer);
  }

  const CodeRecipe& r_;
  Rng& rng_;
};

Document write(const CodeRecipe& recipe, Rng& rng) {
  Writer writer(recipe, rng);
  if (!rng.chance(recipe.drill)) return writer.chat();
  return rng.chance(.75) ? writer.traces() : writer.comparisons();
}

R1_REGISTER(CorpusFactory, "code-1", [](const Json& json) { return drawn_corpus<CodeRecipe>("code-1", json, write); });

}  // namespace
}  // namespace r1
