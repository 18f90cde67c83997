// The two templates. The paper's asks for structure only, no strategy, and so do ours. Paper: [R1 Table 1].
#include "tokenizer/template.h"

#include "tokenizer/tokenizer.h"

namespace r1 {
namespace {

ChatTemplate r1_zero() {
  return {
      "r1-zero",
      {special_piece(kBos),
       text_piece("Below, a person puts a question and an assistant works it out. Before anything else the assistant "
                  "reasons in private, then states the result. Reasoning stands between "),
       special_piece(kThinkOpen), text_piece(" and "), special_piece(kThinkClose), text_piece(", the result between "),
       special_piece(kAnswerOpen), text_piece(" and "), special_piece(kAnswerClose),
       text_piece(", in this order and nothing besides: "), special_piece(kThinkOpen), text_piece("reasoning"),
       special_piece(kThinkClose), special_piece(kAnswerOpen), text_piece("result"), special_piece(kAnswerClose),
       text_piece(".\nUser: ")},
      {text_piece("\nAssistant:")}};
}

ChatTemplate toy() { return {"toy", {special_piece(kBos), text_piece("user:")}, {text_piece("\nassistant:")}}; }

R1_REGISTER(ChatTemplate, "r1-zero", r1_zero());
R1_REGISTER(ChatTemplate, "toy", toy());

}  // namespace

std::vector<Piece> ChatTemplate::prompt(const std::string& question) const {
  std::vector<Piece> out = before;
  out.push_back(text_piece(question));
  out.insert(out.end(), after.begin(), after.end());
  return out;
}

const ChatTemplate& chat_template(const std::string& name) {
  return Registry<ChatTemplate>::get().find("template", name);
}

std::vector<token_t> encode_document(const Tokenizer& tokenizer, const ChatTemplate& frame, const std::string& question,
                                     const std::vector<Piece>& body) {
  // Prompt and body are encoded apart, as a rollout does: the seam must not depend on what follows.
  const std::vector<Piece> bare = {special_piece(kBos)};
  std::vector<token_t> ids = tokenizer.encode(question.empty() ? bare : frame.prompt(question));
  const std::vector<token_t> rest = tokenizer.encode(body);
  ids.insert(ids.end(), rest.begin(), rest.end());
  ids.push_back(tokenizer.special(kEos));
  return ids;
}

}  // namespace r1
