// CSS and the hover script of the page. Paper: none.
#include "pipeline/report_html.h"

namespace r1 {
namespace {

constexpr char kStyle[] = R"CSS(
:root{color-scheme:light dark;--bg:#f7f6f3;--card:#fff;--ink:#1d1c1a;--mut:#6d6a64;--line:#e7e4dd;--grid:#efece6;
--c1:#2a5bd7;--c2:#d9530b;--c3:#0a8a67;--c4:#8a43c4;--c5:#b88700;--c6:#c02b52;
--l1:#86c9b2;--l2:#3fa9b4;--l3:#2f7fb9;--l4:#3f55ab;--l5:#46267d;
--yes:#0a7a4b;--yesb:#e2f4ea;--no:#b3261e;--nob:#fbe9e7;--word:#fff0b8;--tag:#eceaf6;--tagi:#4b3fa0}
@media (prefers-color-scheme:dark){:root{--bg:#131315;--card:#1b1b1e;--ink:#ecebe8;--mut:#9d9a94;--line:#2e2e33;--grid:#26262a;
--c1:#7ea6ff;--c2:#ff9d61;--c3:#52d0a6;--c4:#c79af0;--c5:#e8c34f;--c6:#ff7f9f;
--l1:#d7f5e4;--l2:#93d8dc;--l3:#6bb1ec;--l4:#8b95f5;--l5:#b781ea;
--yes:#6fdba6;--yesb:#17372a;--no:#ff9d94;--nob:#43211f;--word:#54470f;--tag:#2b2942;--tagi:#c3bbff}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
-webkit-text-size-adjust:100%}
main{max-width:1180px;margin:0 auto;padding:40px 24px 64px}
h1,h2,h3,h4,p,figure,ul{margin:0}
h1{font-size:clamp(1.7rem,4.5vw,2.6rem);line-height:1.12;letter-spacing:-.022em;overflow-wrap:anywhere}
h2{font-size:1.35rem;letter-spacing:-.012em;margin-bottom:10px}
h3{font-size:1.05rem;letter-spacing:-.005em}
h4{font-size:.86rem;font-weight:600;color:var(--mut)}
.kicker{color:var(--mut);font-size:.82rem;letter-spacing:.06em;text-transform:uppercase;margin-bottom:8px}
.lead{font-size:1.12rem;color:var(--mut);max-width:62ch;margin-top:10px}
.top{margin-bottom:26px}
.run{color:var(--c);font-weight:600}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-bottom:18px}
.tile,.card,.story,.rest,section.warn{background:var(--card);border:1px solid var(--line);border-radius:14px}
.tile{padding:13px 16px;display:flex;flex-direction:column}
.tile span{color:var(--mut);font-size:.84rem}
.tile b{font-size:1.6rem;line-height:1.25;letter-spacing:-.02em;font-variant-numeric:tabular-nums;white-space:nowrap}
.tile small{color:var(--mut);font-size:.8rem;line-height:1.45}
section{margin-top:40px}
.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:18px;margin-top:0}
.grid.small{grid-template-columns:repeat(3,minmax(0,1fr));padding:0 16px 16px}
.card{padding:18px 20px 16px;display:flex;flex-direction:column;min-width:0}
.card.wide{grid-column:1/-1}
.charts{display:flex;flex-direction:column;gap:14px;margin-top:10px}
.wide .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));gap:26px}
.chart{position:relative;min-width:0;display:flex;flex-direction:column}
.chart svg{display:block;width:100%;height:auto;overflow:visible;touch-action:pan-y;margin-top:auto}
.aside{display:grid;grid-template-columns:2fr 1fr;gap:0 26px}.aside h3{grid-column:1/-1}.aside .charts{grid-template-columns:1fr 1fr}
.aside figcaption{margin:0;padding:10px 0 0}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:1px 16px;font-size:.84rem;color:var(--mut);margin:3px 0 7px}
.legend b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums;white-space:nowrap}
.sw{display:inline-block;width:18px;height:0;border-top:3px solid var(--c);border-radius:2px;margin-right:6px;vertical-align:.24em}
.sw.dash{border-top-style:dotted}
figcaption,.cap{color:var(--mut);font-size:.9rem;line-height:1.5}
figcaption{margin-top:auto;padding-top:12px;max-width:105ch}
figcaption b{color:var(--ink)}
.anchor{font-size:.8rem;color:var(--mut);background:var(--grid);border-radius:6px;padding:1px 6px;white-space:nowrap}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--mut);font-variant-numeric:tabular-nums}
.aside svg text{font-size:16px}.aside .line{stroke-width:3}
.ty{text-anchor:end}.tx{text-anchor:middle}.tr{text-anchor:end}
.gl{stroke:var(--grid);stroke-width:1;fill:none}
.line{fill:none;stroke:var(--c);stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
.line.faint{stroke-width:1;opacity:.32}.line.dash{stroke-dasharray:1.5 5}
.band{fill:var(--c);opacity:.15;stroke:none}
.dot{fill:var(--c);stroke:var(--card);stroke-width:.9}
.bar{stroke:var(--c);stroke-width:2;opacity:.5;fill:none}
.rule{stroke:var(--mut);stroke-width:1;stroke-dasharray:3 4;fill:none;opacity:.7}
.cross{stroke:var(--mut);stroke-width:1;fill:none;opacity:.55}
.tip{position:absolute;pointer-events:none;z-index:2;background:var(--card);border:1px solid var(--line);border-radius:9px;
padding:6px 10px;font-size:.8rem;line-height:1.45;box-shadow:0 6px 22px #0003;white-space:pre;font-variant-numeric:tabular-nums}
.tip i{display:inline-block;width:9px;height:9px;border-radius:50%;background:var(--c);margin-right:6px}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:14px;margin-bottom:10px}
table{border-collapse:collapse;width:100%;font-size:.93rem;font-variant-numeric:tabular-nums}
th,td{padding:9px 16px;text-align:right;border-top:1px solid var(--line);white-space:nowrap;vertical-align:top}
thead th{border-top:0;color:var(--mut);font-weight:600;font-size:.84rem}
th:first-child{text-align:left}
td small{display:block;color:var(--mut);font-size:.78rem}
.kv th,.kv td{text-align:left;padding:5px 16px;white-space:pre-wrap;overflow-wrap:anywhere;font:.84rem/1.5 ui-monospace,Menlo,Consolas,monospace}
.kv th{color:var(--mut);font-weight:400;width:38%}
.kv tr:first-child th,.kv tr:first-child td{border-top:0}
pre{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:13px 16px;overflow-x:auto;white-space:pre-wrap;
overflow-wrap:anywhere;font:.86rem/1.5 ui-monospace,Menlo,Consolas,monospace;margin:6px 0 14px}
details summary{cursor:pointer}
.rest{margin-top:18px}.rest>summary,#config summary{padding:12px 18px;font-weight:600}
.grid.small .card{padding:13px 15px;border-radius:11px}.grid.small h3{display:none}.grid.small .anchor{display:none}
.story{margin-top:12px;overflow:hidden}
.story summary{padding:12px 18px;line-height:1.5}
.prompt{font:600 .95rem/1.5 ui-monospace,Menlo,Consolas,"Noto Sans CJK SC",monospace;overflow-wrap:anywhere;white-space:pre-wrap}
.mut{color:var(--mut);font-size:.87rem}
.answers{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,205px),1fr));border-top:1px solid var(--line)}
.answer{padding:12px 14px 14px;min-width:0;box-shadow:-1px 0 0 var(--line),0 -1px 0 var(--line)}
.answer header{display:flex;flex-wrap:wrap;gap:5px 7px;align-items:center;font-size:.8rem;margin-bottom:8px}
.badge{border-radius:20px;padding:0 8px}
.yes{color:var(--yes);background:var(--yesb)}.no{color:var(--no);background:var(--nob)}
.len{color:var(--mut);margin-left:auto}
.text{font:.83rem/1.62 ui-monospace,Menlo,Consolas,"Noto Sans CJK SC",monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.tag{background:var(--tag);color:var(--tagi);border-radius:5px;padding:0 4px}
.word{background:var(--word);border-radius:4px;padding:0 3px}
.wrong,.spoiled{text-decoration:underline wavy var(--no);text-decoration-thickness:1.3px;text-underline-offset:3px}
.repaired{text-decoration:underline solid var(--yes);text-decoration-thickness:2px;text-underline-offset:3px}
.more{color:var(--mut)}
section.warn{padding:14px 20px}.warn ul{padding-left:20px;color:var(--mut);font-size:.9rem}
footer{margin-top:44px;color:var(--mut);font-size:.84rem;max-width:80ch}
code{font-family:ui-monospace,Menlo,Consolas,monospace}
@media (max-width:860px){.aside{display:flex}.aside .charts{grid-template-columns:repeat(auto-fit,minmax(min(100%,250px),1fr))}.grid{grid-template-columns:minmax(0,1fr)}.grid.small{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:560px){main{padding:24px 14px 48px}.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:9px}
.tile{padding:10px 12px}.tile b{font-size:1.3rem}.card{padding:15px 14px 13px}
.grid.small{grid-template-columns:minmax(0,1fr)}svg text{font-size:15.5px}th,td{padding:8px 11px}.kv th,.kv td{padding:5px 11px}}
@media print{body{background:#fff}.tile,.card,.story{break-inside:avoid}}
)CSS";

constexpr char kScript[] = R"JS(
document.querySelectorAll('svg[data-lines]').forEach(svg=>{
  const lines=JSON.parse(svg.dataset.lines),box=svg.parentNode,cross=svg.querySelector('.cross');
  let tip=null;
  const hide=()=>{if(tip)tip.remove();tip=null;cross.removeAttribute('d')};
  svg.addEventListener('pointermove',e=>{
    const r=svg.getBoundingClientRect(),at=(e.clientX-r.left)/r.width*480;
    let best=1e9,x=0;
    for(const l of lines)for(const v of l.x)if(Math.abs(v-at)<best){best=Math.abs(v-at);x=v}
    if(!tip){tip=document.createElement('div');tip.className='tip';box.appendChild(tip)}
    tip.textContent='';
    let head='';
    for(const l of lines){
      let i=0;l.x.forEach((v,k)=>{if(Math.abs(v-x)<Math.abs(l.x[i]-x))i=k});
      if(Math.abs(l.x[i]-x)>12)continue;
      if(!head){head=svg.dataset.x+': '+l.t[i][0];tip.append(head)}
      const dot=document.createElement('i');dot.style.setProperty('--c','var(--'+l.c+')');
      tip.append('\n',dot,l.n+'  '+l.t[i][1]);
    }
    cross.setAttribute('d','M'+x+' 10V230');
    const left=x/480*r.width,w=tip.offsetWidth;
    tip.style.left=Math.max(0,Math.min(r.width-w,left+(left>r.width/2?-w-12:12)))+'px';
    tip.style.top=(r.top-box.getBoundingClientRect().top+8)+'px';
  });
  svg.addEventListener('pointerleave',hide);
});
)JS";

}  // namespace

const char* report_style() { return kStyle; }
const char* report_script() { return kScript; }

}  // namespace r1
