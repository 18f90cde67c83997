// The documents a base of math-1 is pre-trained on. Three ways to answer occur at natural rates: a blunt guess, worked
// steps (whose quick products are mostly slips), and, rarely, a step with a careful check after "wait"; beside these
// conversations stand drills of single skills. Every rate is a field of the recipe. Held out: problems of the dev and
// test splits never occur in a conversation, their one-step expressions nowhere at all except as a step inside a longer
// problem. Paper: none (the paper's base is V3-Base).
#pragma once
#include <vector>

#include "tasks/document.h"
#include "tasks/math_1.h"

namespace r1 {

/// How often each kind of document occurs; the five sum to 1.
struct MathMixture {
  double chat, sheet, lesson, table, note;
  template <class V>
  void visit(V& v) {
    v("chat", chat, "share of conversations", 0.0, 1.0);
    v("sheet", sheet, "share of chains of right sums", 0.0, 1.0);
    v("lesson", lesson, "share of careful products", 0.0, 1.0);
    v("table", table, "share of one-digit facts", 0.0, 1.0);
    v("note", note, "share of operand look-ups", 0.0, 1.0);
  }
};

struct MathRecipe {
  MathMixture drill{.20, .28, .15, .12, .25};
  MathMixture full{.65, .10, .12, .05, .08};
  double drill_share = .20;
  std::vector<double> level_weights{1, 1, 1, 1, 1};
  double user_en = .70, en_stays = .70, en_switches = .15, zh_stays = .75, zh_switches = .10;
  double tag_full = .22, tag_part = .18;
  double blunt_untagged = .60, blunt_tagged = .12, blunt_right = .30, lazy = .08;
  double sum_right = .98, product_right = .30;
  double check_product_en = .08, check_product_zh = .08, check_sum = .002;

  template <class V>
  void visit(V& v) {
    v("drill", drill, "mixture of the first part of training");
    v("full", full, "mixture of the rest");
    v("drill_share", drill_share, "share of training with the drill mixture", 0.0, 1.0);
    v("level_weights", level_weights, "how often levels 1 to 5 are asked");
    v("user_en", user_en, "share of English questions", 0.0, 1.0);
    v("en_stays", en_stays, "an English question is answered in English", 0.0, 1.0);
    v("en_switches", en_switches, "an English question is answered in Chinese (the rest is mixed line by line)", 0.0,
      1.0);
    v("zh_stays", zh_stays, "a Chinese question is answered in Chinese", 0.0, 1.0);
    v("zh_switches", zh_switches, "a Chinese question is answered in English (the rest is mixed)", 0.0, 1.0);
    v("tag_full", tag_full, "answers in exactly the asked form", 0.0, 1.0);
    v("tag_part", tag_part, "answers with some of the tags", 0.0, 1.0);
    v("blunt_untagged", blunt_untagged, "guesses among answers without the full form", 0.0, 1.0);
    v("blunt_tagged", blunt_tagged, "guesses among answers in full form", 0.0, 1.0);
    v("blunt_right", blunt_right, "guesses that are right, divided by the number of steps", 0.0, 1.0);
    v("lazy", lazy, "worked answers that stop early and guess", 0.0, 1.0);
    v("sum_right", sum_right, "quick sums that are right", 0.0, 1.0);
    v("product_right", product_right, "quick products that are right; the rest slip in the tens", 0.0, 1.0);
    v("check_product_en", check_product_en, "quick products in English lines that are checked", 0.0, 1.0);
    v("check_product_zh", check_product_zh, "quick products in Chinese lines that are checked", 0.0, 1.0);
    v("check_sum", check_sum, "quick sums that are checked", 0.0, 1.0);
  }
};

/// The corpus "math-1" with a given recipe. Throws Error if a mixture does not sum to 1, rates that exclude each other
/// sum to more than 1, or the level weights are not five non-negative numbers with a positive sum.
std::unique_ptr<Corpus> make_math_corpus(const MathRecipe& recipe);

}  // namespace r1
