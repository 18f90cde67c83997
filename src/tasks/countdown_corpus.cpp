// The documents that a base of the toy world countdown-3 is pre-trained on: bare guesses, and attempts written out and
// judged one by one, most of which give up after a failure or two. RL must find that going on pays. Beside them stand
// drills of right arithmetic. Held out: problems of the dev and test splits never occur. Paper: none.
#include <algorithm>
#include <cmath>

#include "tasks/answer_form.h"
#include "tasks/countdown.h"
#include "tasks/drawn_corpus.h"

namespace r1 {
namespace {

struct CountdownRecipe {
  double drill = .25;
  AnswerShares answers{.blunt_tagged = .15, .blunt_untagged = .60};
  double goes_on = .45, lucky = .25;
  int64_t most_tries = 8;

  template <class V>
  void visit(V& v) {
    v("drill", drill, "share of arithmetic drills", 0.0, 1.0);
    answers.visit(v);
    v("goes_on", goes_on, "after a failed try another one follows", 0.0, 1.0);
    v("lucky", lucky, "tries that reach the target: without them the base hardly ever sees a yes", 0.0, 1.0);
    v("most_tries", most_tries, "tries of an answer, at most", 1, 64);
  }
  void check(const std::string& where) const { answers.check(where); }
};

/// (a op b) op c over the three numbers, larger number first where the order changes nothing.
struct Try {
  int number[3] = {};
  char op[2] = {};
  int first = 0, result = 0;  ///< 0: outside the bounds
};

Try make_try(const std::vector<int>& n, char op, char next) {
  Try t;
  std::copy(n.begin(), n.end(), t.number);
  if (n[0] < n[1]) std::swap(t.number[0], t.number[1]);  // 8-3, never 3-8
  t.op[0] = op, t.op[1] = next;
  t.first = countdown_combine(op, t.number[0], t.number[1]);
  t.result = t.first ? countdown_combine(next, t.first, t.number[2]) : 0;
  return t;
}

Try draw_try(const std::vector<int>& numbers, Rng& rng) {
  while (true) {
    std::vector<int> n = numbers;
    shuffle(n, rng);
    const char op = "++--*/"[rng.below(6)], next = "++--*/"[rng.below(6)];
    if (const Try t = make_try(n, op, next); t.result) return t;
  }
}

/// A try that reaches the target; every problem has one.
Try draw_solution(std::vector<int> n, int target, Rng& rng) {
  std::vector<Try> found;
  std::sort(n.begin(), n.end());
  do {
    for (char op : {'+', '-', '*', '/'})
      for (char next : {'+', '-', '*', '/'})
        if (const Try t = make_try(n, op, next); t.result == target) found.push_back(t);
  } while (std::next_permutation(n.begin(), n.end()));
  R1_CHECK(!found.empty(), "a countdown problem without solution from left to right: target ", target);
  return found[rng.below(static_cast<uint32_t>(found.size()))];
}

std::string written_out(const Try& t) {
  return cat(t.number[0], t.op[0], t.number[1], "=", t.first, t.op[1], t.number[2], "=", t.result);
}

std::string expression(const Try& t) { return cat("(", t.number[0], t.op[0], t.number[1], ")", t.op[1], t.number[2]); }

class Writer {
 public:
  Writer(const CountdownRecipe& recipe, const Task& task, Rng& rng) : r_(recipe), task_(task), rng_(rng) {}

  /// "sheet 8+3=11-1=10;5*2=10/5=2;": right arithmetic.
  Document sheet() {
    Document d{"sheet", "", {text_piece("sheet ")}};
    for (int k = rng_.range(3, 5); k > 0; --k) {
      const Try t = draw_try({rng_.range(1, 9), rng_.range(1, 9), rng_.range(1, 9)}, rng_);
      d.body.push_back(given_piece(cat(t.number[0], t.op[0], t.number[1])));
      d.body.push_back(text_piece(cat("=", t.first)));
      d.body.push_back(given_piece(cat(t.op[1], t.number[2])));
      d.body.push_back(text_piece(cat("=", t.result, ";")));
    }
    return d;
  }

  Document chat() {
    const Problem p = task_.problem(rng_.bits(), Split::kTrain, rng_.below(1u << 20));
    const AnswerForm form = r_.answers.draw(rng_);
    std::string answer;
    const std::string thought = think(p, r_.answers.blunt(form), answer);
    const std::vector<Piece> plain{text_piece(thought), text_piece(" so "), text_piece(answer), text_piece(".")};
    return {"chat", p.prompt, in_form(form, thought, answer, plain, rng_)};
  }

 private:
  /// "hmm", or "try 8+3=11-1=10 of 24 no; try 8*3=24*1=24 of 24 yes;"; `answer` becomes the last expression. The target
  /// stands beside each result, so that the verdict compares neighbours.
  std::string think(const Problem& p, double blunt, std::string& answer) {
    const std::vector<int> numbers = countdown_numbers(p);
    const int target = std::stoi(p.answer);
    Try t = draw_try(numbers, rng_);
    answer = expression(t);
    if (rng_.chance(blunt)) return "hmm";
    std::vector<std::string> seen;
    std::string text;
    for (int64_t k = 0; k < r_.most_tries; ++k) {
      if (rng_.chance(r_.lucky)) t = draw_solution(numbers, target, rng_);
      const std::string line = written_out(t);
      seen.push_back(line);
      text += cat(" try ", line, " of ", target, t.result == target ? " yes;" : " no;");
      answer = expression(t);
      if (t.result == target || !rng_.chance(r_.goes_on)) break;
      for (int again = 0; again < 20 && std::count(seen.begin(), seen.end(), written_out(t)); ++again)
        t = draw_try(numbers, rng_);
    }
    return text;
  }

  const CountdownRecipe& r_;
  const Task& task_;
  Rng& rng_;
};

Document write(const CountdownRecipe& recipe, Rng& rng) {
  static const std::unique_ptr<Task> task = Registry<TaskFactory>::get().find("task", "countdown-3")();
  Writer writer(recipe, *task, rng);
  return rng.chance(recipe.drill) ? writer.sheet() : writer.chat();
}

R1_REGISTER(CorpusFactory, "countdown-3",
            [](const Json& json) { return drawn_corpus<CountdownRecipe>("countdown-3", json, write); });

}  // namespace
}  // namespace r1
