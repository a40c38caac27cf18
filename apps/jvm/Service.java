import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * A service that gets faster the longer it runs: what it does for an answer is interpreted at first, then compiled by the
 * just-in-time compiler, ever better. The compiled code is the state that a new process has not.
 */
public final class Service {
  private static final int PORT = 8080;
  private static final int THREADS = 2;
  private static final int WORDS = 4000;
  private static final Pattern WORD = Pattern.compile("([a-z]+)(\\d+)");

  private final String nonce = HexFormat.of().toHexDigits(new Random().nextLong());
  private final Instant startedAt = Instant.now();
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong microseconds = new AtomicLong();

  public static void main(String[] arguments) throws IOException {
    Service service = new Service();
    HttpServer server = HttpServer.create(new InetSocketAddress(PORT), 64);
    server.setExecutor(Executors.newFixedThreadPool(THREADS));
    server.createContext("/", exchange -> answer(exchange, service.work()));
    server.createContext("/state", exchange -> answer(exchange, service.state()));
    server.start();
    System.out.println("serving on " + PORT);
  }

  /** Makes a text, takes it apart again and counts its words, as services do all day. */
  private String work() {
    long began = System.nanoTime();
    List<String> words = new ArrayList<>();
    for (int number = 0; number < WORDS; number++) words.add("word" + (number * 31 % 997));
    Map<String, Integer> counts = new HashMap<>();
    for (String word : String.join(" ", words).split(" ")) {
      var match = WORD.matcher(word);
      if (match.matches()) counts.merge(match.group(1) + "-" + match.group(2), 1, Integer::sum);
    }
    String[] sorted = counts.keySet().toArray(String[]::new);
    Arrays.sort(sorted);
    microseconds.set((System.nanoTime() - began) / 1000);
    requests.incrementAndGet();
    return state();
  }

  /** How long the last answer took to make, and how much has been compiled so far. */
  private String state() {
    long compiled = ManagementFactory.getCompilationMXBean().getTotalCompilationTime();
    return String.format(
        "{\"nonce\": \"%s\", \"startedAt\": \"%s\", \"requests\": %d, \"microseconds\": %d, \"compilerMs\": %d}%n",
        nonce, startedAt, requests.get(), microseconds.get(), compiled);
  }

  private static void answer(HttpExchange exchange, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, body.length);
    try (var out = exchange.getResponseBody()) {
      out.write(body);
    }
  }
}
